"""``--second-opinion``: the official Java validator over the same files, and where the two differ."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from conformance.validate.comparison import Said, compare, normal
from conformance.validate.second import said
from tests.spec.conformance.validate.resources import FLAWED, PROFILE, SOUND, lines, profile, validate, write

FILE = "http://hl7.org/fhir/StructureDefinition/operationoutcome-file"


def outcome(file: str, *issues: tuple[str, str, str]) -> dict[str, Any]:
    """What the validator writes of a file: severity, expression and text of each issue."""
    return {
        "resourceType": "OperationOutcome",
        "extension": [{"url": FILE, "valueString": file}],
        "issue": [
            {"severity": severity, "code": "invalid", "details": {"text": text}, "expression": [expression]}
            for severity, expression, text in issues
        ],
    }


class TestComparison:
    """The two are matched by severity and place."""

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("Patient.name[0].family", "Patient.name.family"),
            ("Patient.contact[1].name", "Patient.contact[1].name"),
            ("Observation.valueQuantity.code", "Observation.value.ofType(Quantity).code"),
            ("Extension.valueCode", "Extension.value.ofType(code)"),
            ("Observation.value[x]", "Observation.value"),
            ("Bundle.entry[2].resource.status", "Bundle.entry[2].resource/*Encounter/e1*/.status"),
            ("Patient.identifier[0]", "Patient.identifier:nhsNumber"),
        ],
    )
    def test_the_same_place_is_written_in_two_ways(self, ours: str, theirs: str) -> None:
        assert normal(ours) == normal(theirs)

    def test_what_both_say_is_told_apart_from_what_one_says(self) -> None:
        left = [Said("error", "Patient.gender"), Said("error", "Patient.photo[0]"), Said("warning", "Patient")]
        right = [Said("fatal", "Patient.gender"), Said("error", "Patient.birthDate"), Said("error", "Patient")]
        found = compare(left, right)
        assert [each.expression for each in found.both] == ["Patient.gender"]
        assert [each.expression for each in found.ours] == ["Patient.photo[0]", "Patient"]
        assert [each.expression for each in found.theirs] == ["Patient.birthDate", "Patient"]
        assert not found.agrees

    def test_what_is_said_twice_has_to_be_matched_twice(self) -> None:
        one = Said("error", "Patient.gender")
        assert compare([one], [one, one]).theirs == [one]

    def test_what_is_only_informative_is_not_compared(self) -> None:
        assert compare([Said("information", "Patient")], [Said("information", "Patient.name", "All OK")]).agrees

    @pytest.mark.parametrize(
        "text",
        [
            "Observation.category: minimum required = 1, but only found 0",
            "Slice 'Observation.category:VSCat': minimum required = 1, but only found 0",
        ],
    )
    def test_a_missing_element_is_one_place_whether_told_of_itself_or_of_its_parent(self, text: str) -> None:
        assert compare([Said("error", "Observation.category", "is mandatory")], [Said("error", "Observation", text)]).agrees

    def test_what_the_other_could_not_check_is_no_difference(self) -> None:
        assert compare([], [Said("warning", "Patient.name", "Unable to check whether the code is in the value set")]).agrees


class TestReading:
    """Its output: an OperationOutcome, or a Bundle of one for each file."""

    def test_an_outcome_names_its_file(self) -> None:
        assert said(outcome("/x/a.json", ("error", "Patient.gender", "unknown"))) == {
            "/x/a.json": [Said("error", "Patient.gender", "unknown")]
        }

    def test_several_files_come_as_a_bundle(self) -> None:
        entries = [{"resource": outcome(name, ("warning", "Patient", "no narrative"))} for name in ("/x/a.json", "/x/b.json")]
        assert list(said({"resourceType": "Bundle", "entry": entries})) == ["/x/a.json", "/x/b.json"]

    def test_older_versions_give_a_location(self) -> None:
        told = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "location": ["Patient.x"], "diagnostics": "d"}]}
        assert said(told) == {"": [Said("error", "Patient.x", "d")]}


PROGRAM = """#!/usr/bin/env python3
import json, pathlib, sys
words = sys.argv[1:]
pathlib.Path({called!r}).write_text(json.dumps(words))
folder = words[words.index("-ig") + 1] if "-ig" in words else None
loaded = [path.read_text() for path in pathlib.Path(folder).iterdir()] if folder else []
pathlib.Path({ig!r}).write_text("".join(loaded))
files = [word for word in words if word.endswith(".json") and not word.endswith("out.json")]
named = [{{"resource": {outcome!r} | {{"extension": [{{"url": {extension!r}, "valueString": name}}]}}}} for name in files]
pathlib.Path(words[words.index("-output") + 1]).write_text(json.dumps({{"resourceType": "Bundle", "entry": named}}))
"""


@pytest.fixture
def validator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Java that notes how it is called and says of every file that its language is missing."""
    home = tmp_path / "jre"
    (home / "bin").mkdir(parents=True)
    program = home / "bin" / "java"
    told = outcome("", ("error", "Patient.language", "is missing"))
    program.write_text(PROGRAM.format(called=str(tmp_path / "called"), ig=str(tmp_path / "ig"), outcome=told, extension=FILE))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("JAVA_HOME", str(home))
    jar = tmp_path / "validator_cli.jar"
    jar.write_bytes(b"")
    return jar


class TestRun:
    """The validator is called once, offline, with the same packages and profiles."""

    def test_it_gets_the_files_packages_and_profiles_and_no_terminology_server(self, tmp_path: Path, validator: Path) -> None:
        package = write(tmp_path / "package" / "profile.json", profile()).parent
        path = write(tmp_path / "in" / "a.json", SOUND)
        validate(path, "--package", package, "--profile", PROFILE, "--second-opinion", validator)
        called = json.loads((tmp_path / "called").read_text())
        assert called[:3] == ["-jar", str(validator), str(path)]
        assert called[called.index("-tx") + 1] == "n/a"
        assert called[called.index("-version") + 1] == "4.0.1"
        assert called[called.index("-profile") + 1] == PROFILE
        assert PROFILE in (tmp_path / "ig").read_text()

    def test_a_folder_of_jars_is_a_class_path(self, tmp_path: Path, validator: Path) -> None:
        validate(write(tmp_path / "in" / "a.json", SOUND), "--second-opinion", validator.parent)
        assert json.loads((tmp_path / "called").read_text())[:2] == ["-cp", str(validator.parent / "*")]

    def test_json_says_what_both_and_what_each_says(self, tmp_path: Path, validator: Path) -> None:
        (told,) = lines(validate(write(tmp_path / "in" / "a.json", FLAWED), "--second-opinion", validator, "--json"))
        assert set(told["second"]) == {"both", "ours", "theirs"}
        assert [each["expression"] for each in told["second"]["theirs"]] == ["Patient.language"]
        assert "Patient.gender" in [each["expression"] for each in told["second"]["ours"]]

    def test_its_errors_are_no_errors_of_ours(self, tmp_path: Path, validator: Path) -> None:
        """The exit code is this validator's verdict."""
        result = validate(write(tmp_path / "in" / "a.json", SOUND), "--second-opinion", validator)
        assert result.exit_code == 0
        assert "both 0, ours only 0, theirs only 1" in result.stdout

    @pytest.mark.parametrize("form", ["terminal", "outcome", "junit", "html"])
    def test_every_form_tells_it(self, tmp_path: Path, validator: Path, form: str) -> None:
        path = write(tmp_path / "in" / "a.json", SOUND)
        said_ = validate(path, "--second-opinion", validator, "--output", form)
        assert "is missing" in said_.stdout
        if form == "junit":
            assert etree.fromstring(said_.stdout_bytes).tag == "testsuites"

    def test_a_file_of_many_resources_is_left_to_us(self, tmp_path: Path, validator: Path) -> None:
        """The other validator reads one resource a file."""
        (told,) = lines(validate(write(tmp_path / "in" / "a.ndjson", SOUND, SOUND), "--second-opinion", validator, "--json"))
        assert "second" not in told


def test_without_java_there_is_no_second_opinion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 and a sentence."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    result = validate(write(tmp_path / "a.json", SOUND), "--second-opinion", write(tmp_path / "v.jar"))
    assert result.exit_code == 2
    assert "needs Java" in result.stderr


def test_a_validator_that_is_not_there_is_refused(tmp_path: Path, validator: Path) -> None:
    result = validate(write(tmp_path / "a.json", SOUND), "--second-opinion", tmp_path / "none.jar")
    assert result.exit_code == 2
    assert "none.jar" in result.stderr


def test_a_validator_that_says_nothing_is_told(tmp_path: Path, validator: Path) -> None:
    (tmp_path / "jre" / "bin" / "java").write_text("#!/bin/sh\necho 'Unable to start' >&2\nexit 3\n")
    result = validate(write(tmp_path / "in" / "a.json", SOUND), "--second-opinion", validator)
    assert result.exit_code == 2
    assert "exit code 3" in result.stderr
    assert "Unable to start" in result.stderr


@pytest.mark.long
def test_the_official_validator_finds_the_same_flaws(tmp_path: Path) -> None:
    """With a validator given in CONFORMANCE_SECOND_OPINION (JAR or folder of JARs); it must have its packages already."""
    real = os.environ.get("CONFORMANCE_SECOND_OPINION")
    if not real:
        pytest.skip("no validator is given in CONFORMANCE_SECOND_OPINION")
    (told,) = lines(validate(write(tmp_path / "a.json", FLAWED), "--second-opinion", real, "--json"))
    assert {each["expression"] for each in told["second"]["both"]} >= {"Patient.gender", "Patient.birthDate"}
    assert told["second"]["theirs"] == []
