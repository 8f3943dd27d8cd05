"""``conformance cases``: HL7's validator cases run, and how far this validator agrees with the official one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from conformance.cases.manifest import BadManifest, Expected, applicable, expected, place, read
from conformance.cli import app

PROFILE = {
    "resourceType": "StructureDefinition",
    "url": "https://example.org/StructureDefinition/named",
    "name": "Named",
    "status": "draft",
    "kind": "resource",
    "abstract": False,
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "derivation": "constraint",
    "differential": {"element": [{"id": "Patient.name", "path": "Patient.name", "min": 1}]},
}


def issue(expression: str, severity: str = "error") -> dict[str, Any]:
    return {"severity": severity, "code": "invalid", "details": {"text": "t"}, "expression": [expression]}


def outcome(*issues: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": {"resourceType": "OperationOutcome", **({"issue": list(issues)} if issues else {})}}


def case(name: str, file: str = "good.json", version: str = "4.0", **more: Any) -> dict[str, Any]:
    return {"name": name, "file": file, "version": version, "java": outcome(), **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of cases: a good Patient, one with a wrong gender, one as XML."""
    (tmp_path / "good.json").write_text('{"resourceType": "Patient", "id": "a", "gender": "female"}')
    (tmp_path / "bad.json").write_text('{"resourceType": "Patient", "id": "a", "gender": "wrong"}')
    (tmp_path / "good.xml").write_text('<Patient xmlns="http://hl7.org/fhir"><gender value="male"/></Patient>')
    (tmp_path / "profile.json").write_text(json.dumps(PROFILE))
    return tmp_path


def run(folder: Path, *cases: dict[str, Any], options: tuple[str, ...] = ()) -> Result:
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"test-cases": list(cases)}))
    return CliRunner().invoke(app, ["cases", str(manifest), *options])


def rows(folder: Path, *cases: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(folder, *cases, options=("--json",)).stdout.splitlines()]


def test_agreement_is_about_valid_or_invalid(folder: Path) -> None:
    """Both find an error or both find none; exit 0 where all agree."""
    found = run(folder, case("one"), case("two", "bad.json", java=outcome(issue("Patient.gender"))), case("three", "good.xml"))
    assert found.exit_code == 0
    assert "3 of 3 agree on valid or invalid; 3 on the place of every error too" in found.stdout


def test_disagreements_are_told_with_the_places(folder: Path) -> None:
    """What we miss, what we invent; exit 1."""
    found = run(folder, case("one", java=outcome(issue("Patient.gender"))), case("two", "bad.json"))
    assert found.exit_code == 1
    assert "we miss   one (base): Patient.gender" in found.stdout
    assert "we invent two (base): Patient.gender" in found.stdout
    assert "0 of 2 agree" in found.stdout


def test_a_case_has_a_leg_for_its_profile(folder: Path) -> None:
    """The same file against profile.source."""
    leg = {"source": "profile.json", "java": outcome(issue("Patient"))}
    found = rows(folder, case("one", profile=leg))
    assert [(each["leg"], each["verdict"]) for each in found] == [("base", "agree"), ("profile", "agree")]
    assert found[1]["errors"] == 1


def test_what_cannot_be_run_is_skipped_with_a_reason(folder: Path) -> None:
    """Other modules, packages that are not there, cases that say nothing or are not to be used."""
    found = rows(
        folder,
        case("cda", module="cda"),
        case("package", packages=["org.example.none#1.0.0"]),
        case("silent", java=None),
        case("unused") | {"use-test": False},
        case("absent", "none.json"),
        case("logical", logical={"source": "profile.json", "java": outcome()}),
    )
    assert [(each["case"], each["verdict"]) for each in found] == [
        ("cda", "skipped"), ("package", "skipped"), ("silent", "skipped"), ("unused", "skipped"),
        ("absent", "skipped"), ("logical", "agree"), ("logical", "skipped"),
    ]  # fmt: skip
    assert found[1]["reason"] == "needs the package org.example.none#1.0.0"


def test_a_package_that_is_given_is_used(folder: Path) -> None:
    """Found by the name of its file, with or without a version."""
    package = folder / "org.example.named-1.0.0.json"
    package.write_text(json.dumps(PROFILE))
    claimed = {"resourceType": "Patient", "meta": {"profile": [PROFILE["url"]]}}
    (folder / "claims.json").write_text(json.dumps(claimed))
    asked = case("one", "claims.json", packages=["org.example.named#1.0.0"], java=outcome(issue("Patient")))
    assert run(folder, asked, options=("--package", str(package))).exit_code == 0


def test_supporting_resources_are_loaded_and_references_resolved(folder: Path) -> None:
    """A reference leads to a supporting resource, or to a file that is named for it."""
    (folder / "patient-b.json").write_text('{"resourceType": "Patient", "id": "b"}')
    link = {"other": {"reference": "Patient/b"}, "type": "seealso"}
    linked = {"resourceType": "Patient", "name": [{"text": "N"}], "link": [link]}
    (folder / "linked.json").write_text(json.dumps(linked | {"meta": {"profile": [f"{PROFILE['url']}-linked"]}}))
    target = {"code": "Reference", "targetProfile": [PROFILE["url"]]}
    element = {"id": "Patient.link.other", "path": "Patient.link.other", "type": [target]}
    more = {**PROFILE, "url": f"{PROFILE['url']}-linked", "differential": {"element": [element]}}
    (folder / "linked-profile.json").write_text(json.dumps(more))
    asked = case("one", "linked.json", supporting=["linked-profile.json"], profiles=["profile.json"])
    found = rows(folder, asked | {"java": outcome(issue("Patient.link[0].other"))})
    assert [each["verdict"] for each in found] == ["agree"]


def test_only_cases_of_the_version_and_the_name_are_run(folder: Path) -> None:
    """4.0 takes in 4.0.1; a case without a version is of R5."""
    manifest = folder / "manifest.json"
    unsaid = {key: value for key, value in case("r5").items() if key != "version"}
    manifest.write_text(json.dumps({"test-cases": [case("a"), case("b", version="4.0.1"), case("c", version="3.0"), unsaid]}))
    cases = read(manifest)
    assert [each.name for each in applicable(cases, "4.0")] == ["a", "b"]
    assert [each.name for each in applicable(cases, "5.0")] == ["r5"]
    assert [each.name for each in applicable(cases, "4.0", only="b")] == ["b"]


def test_every_form_of_an_expectation_is_read(folder: Path) -> None:
    """An outcome, a file with one, or a number of errors; warnings do not make a resource invalid."""
    said = outcome(issue("Patient"), issue("Patient.id", "warning"))
    (folder / "outcomes").mkdir()
    (folder / "outcomes" / "one.json").write_text(json.dumps(said["outcome"]))
    assert expected({"java": said}, folder) == Expected(1, ("Patient",))
    assert expected({"java": "one.json"}, folder) == Expected(1, ("Patient",))
    assert expected({"java": "none.json"}, folder) is None
    assert expected({"java": outcome(issue("", "fatal"))}, folder) == Expected(1, ("",))
    assert expected({"java": {"errorCount": 2, "output": ["a", "b"]}}, folder) == Expected(2, None)
    assert expected({"java": {"todo": "later"}}, folder) is None
    assert expected({}, folder) is None


def test_a_package_for_every_case_is_always_loaded(folder: Path) -> None:
    """``--always``."""
    claimed = {"resourceType": "Patient", "meta": {"profile": [PROFILE["url"]]}}
    (folder / "claims.json").write_text(json.dumps(claimed))
    asked = case("one", "claims.json", java=outcome(issue("Patient")))
    assert run(folder, asked).exit_code == 1
    assert run(folder, asked, options=("--always", str(folder / "profile.json"))).exit_code == 0


@pytest.mark.parametrize(
    ("theirs", "plain"),
    [
        ("Bundle.entry[0].resource/*Patient/p1*/.gender", "Bundle.entry[0].resource.gender"),
        ("Observation.value.ofType(Quantity).code", "Observation.valueQuantity.code"),
        ("/f:Patient/f:name", "Patient.name"),
    ],
)
def test_places_are_compared_in_one_form(theirs: str, plain: str) -> None:
    """Comments and prefixes are left out, a choice is named as in JSON."""
    assert place(theirs) == plain


def test_what_is_no_manifest_is_refused(folder: Path) -> None:
    """Exit 2, with the reason."""
    (folder / "other.json").write_text("[]")
    with pytest.raises(BadManifest):
        read(folder / "other.json")
    assert CliRunner().invoke(app, ["cases", str(folder / "other.json")]).exit_code == 2
