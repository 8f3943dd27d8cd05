"""``conformance testscript``: an interpreter of FHIR TestScripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from conformance.cli import app
from conformance.testscripts.asserts import compared, lacking
from conformance.testscripts.content import Content
from conformance.testscripts.paths import evaluate, values

pytestmark = pytest.mark.long

NAME = "Quillby${C8}"
PATIENT = {"resourceType": "Patient", "id": "ts-p-${D6}", "name": [{"family": NAME, "given": ["Ann"]}], "gender": "female"}
LEAST = {"resourceType": "Patient", "name": [{"given": ["Ann"]}], "gender": "female"}
BUNDLE = {
    "resourceType": "Bundle",
    "type": "searchset",
    "total": 1,
    "entry": [{"resource": {"resourceType": "Patient", "id": "x", "active": True, "name": [{"family": "Q", "given": ["A", "B"]}]}}],
}


def operation(code: str, **more: Any) -> dict[str, Any]:
    return {"operation": {"type": {"code": code}, "resource": "Patient", "encodeRequestUrl": True, **more}}


def check(**said: Any) -> dict[str, Any]:
    return {"assert": {"warningOnly": False, **said}}


def script(*actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A script that puts a Patient in its setup, reads it, and asserts."""
    return {
        "resourceType": "TestScript",
        "url": "https://example.org/TestScript/t",
        "name": "T",
        "status": "draft",
        "fixture": [
            {"id": "sent", "autocreate": False, "autodelete": False, "resource": {"reference": "sent.json"}},
            {"id": "least", "autocreate": False, "autodelete": False, "resource": {"reference": "least.json"}},
        ],
        "profile": [{"id": "patient", "reference": "http://hl7.org/fhir/StructureDefinition/Patient"}],
        "variable": [
            {"name": "id", "path": "Patient/id", "sourceId": "sent"},
            {"name": "family", "expression": "Patient.name.first().family", "sourceId": "sent"},
            {"name": "tag", "headerField": "ETag", "sourceId": "answer", "defaultValue": "none"},
            {"name": "asked", "hint": "[a name]"},
        ],
        "setup": {
            "action": [operation("updateCreate", params="/${id}", sourceId="sent"), check(responseCode="200,201", operator="in")]
        },
        "test": [{"id": "read", "action": [operation("read", targetId="sent", responseId="answer"), *actions]}],
        "teardown": {"action": [{"operation": operation("delete", params="/${id}")["operation"]}]},
        **more,
    }


@pytest.fixture
def run(tmp_path: Path, judged: Callable[..., Result]) -> Callable[..., Result]:
    """Run a script that stands beside its fixtures."""

    def judge(said: dict[str, Any], *more: str) -> Result:
        (tmp_path / "sent.json").write_text(json.dumps(PATIENT))
        (tmp_path / "least.json").write_text(json.dumps(LEAST))
        (tmp_path / "script.json").write_text(json.dumps(said))
        return judged("testscript", tmp_path / "script.json", *more)

    return judge


HOLDS = [
    check(response="okay"),
    check(responseCode="200"),
    check(responseCode="500,501", operator="notIn"),
    check(contentType="json"),
    check(headerField="ETag", operator="notEmpty"),
    check(headerField="Content-Type", operator="contains", value="fhir+json"),
    check(resource="Patient"),
    check(path="fhir:Patient/fhir:name/fhir:family/@value", value="${family}"),
    check(path="Patient/name/given", operator="contains", value="Ann"),
    check(path=".name[0].given[0]", value="Ann"),
    check(expression="Patient.gender", value="female"),
    check(expression="Patient.name.exists()"),
    check(path="Patient/birthDate", operator="empty"),
    check(minimumId="least"),
    check(validateProfileId="patient"),
    check(compareToSourceId="sent", compareToSourceExpression="Patient.gender", expression="Patient.gender", operator="equals"),
    check(direction="request", requestMethod="get"),
    check(requestURL="Patient/", operator="contains"),
    check(path="Patient/meta/versionId", operator="lessThan", value="2"),
]
FAULTS = [
    (check(response="notFound"), "wanted equals '404'"),
    (check(responseCode="200", operator="notEquals"), "wanted notEquals '200'"),
    (check(contentType="xml"), "wanted equals 'application/fhir+xml'"),
    (check(headerField="X-None", operator="notEmpty"), "header X-None"),
    (check(resource="Observation"), "wanted equals 'Observation'"),
    (check(path="Patient/gender", value="male"), "wanted equals 'male'"),
    (check(expression="Patient.name.empty()"), "not true"),
    (check(expression="Patient.gender", operator="in", value="male,other"), "wanted in"),
    (check(minimumId="sent", sourceId="least"), "lacks what sent has"),
    (check(navigationLinks=True), "a self link is wanted"),
    (check(requestURL="Observation", operator="contains"), "wanted contains"),
    (check(path="Patient/name[", operator="notEmpty"), "cannot be evaluated"),
    (check(sourceId="nothing", path="Patient/id"), "no fixture or message 'nothing'"),
]


def test_a_script_that_holds_passes(run: Callable[..., Result]) -> None:
    """Setup, read, asserts of every kind."""
    result = run(script(*HOLDS), "--verbose")
    assert result.exit_code == 0, result.output
    assert f"all {len(HOLDS) + 1} pass" in " ".join(result.output.split())


@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_a_planted_fault_fails(run: Callable[..., Result], fault: dict[str, Any], said: str) -> None:
    """With what was wanted; the rest of the test is not run."""
    result = run(script(fault, check(response="okay")))
    assert result.exit_code == 1, result.output
    assert said in result.output


def test_a_warning_fails_nothing(run: Callable[..., Result]) -> None:
    """``warningOnly``: told, and the test goes on."""
    result = run(script(check(response="gone", warningOnly=True), check(response="okay")))
    assert result.exit_code == 0
    assert "warning" in result.output
    assert "2 pass" in result.output


def test_what_the_user_is_to_give_is_asked_for(run: Callable[..., Result]) -> None:
    """A variable with neither source nor default: the test is not run, or runs with what ``--set`` gives."""
    said = script(check(path="Patient/gender", value="${asked}"))
    result = run(said)
    assert result.exit_code == 0
    assert "--set asked=VALUE" in result.output
    assert run(said, "--set", "asked=female").exit_code == 0
    assert run(said, "--set", "asked=male").exit_code == 1


def test_tests_wait_for_the_setup(run: Callable[..., Result]) -> None:
    """A setup that fails leaves the tests out."""
    said = script(check(response="okay"))
    said["setup"]["action"].append(check(response="gone"))
    result = run(said)
    assert result.exit_code == 1
    assert "the setup has not succeeded" in result.output


def test_fixtures_are_created_and_deleted(run: Callable[..., Result]) -> None:
    """``autocreate`` before the setup, ``autodelete`` at the end; ``targetId`` is what the server made of it."""
    said = script(check(response="okay"), check(path="Patient/id", operator="notEquals", value="${id}"))
    said["fixture"][0] |= {"autocreate": True, "autodelete": True}
    del said["setup"]
    assert run(said).exit_code == 0


def test_interactions_and_operations(run: Callable[..., Result]) -> None:
    """Each code is its request: search, vread, history, create, update, delete, capabilities, $validate, transaction."""
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": "Patient?_count=1"}}]}
    whole: dict[str, Any] = {"encodeRequestUrl": True}
    said = script(
        operation("search", params="?family=${family}"), check(expression="Bundle.total", value="1"),
        check(navigationLinks=True), check(minimumId="least"),
        operation("vread", targetId="sent"), check(response="okay"),
        operation("history", targetId="sent"), check(expression="Bundle.type", value="history"),
        operation("update", params="/${id}", sourceId="sent", contentType="xml", accept="xml"), check(contentType="xml"),
        operation("create", sourceId="least", responseId="made"), check(responseCode="201"),
        operation("delete", targetId="least"), check(responseCode="200,204", operator="in"),
        operation("read", targetId="least"), check(response="gone"),
        operation("validate", sourceId="least"), check(resource="OperationOutcome"),
        {"operation": {"type": {"code": "capabilities"}, **whole}}, check(resource="CapabilityStatement"),
        {"operation": {"type": {"code": "batch"}, "sourceId": "batch", **whole}},
        check(expression="Bundle.type", value="batch-response"),
        {"operation": {"method": "get", "url": "Patient?_summary=count", **whole}}, check(resource="Bundle"),
        contained=[bundle | {"id": "b"}],
    )  # fmt: skip
    said["fixture"].append({"id": "batch", "autocreate": False, "autodelete": False, "resource": {"reference": "#b"}})
    result = run(said)
    assert result.exit_code == 0, result.output


def test_a_script_of_stu3_in_xml_is_read(tmp_path: Path, judged: Callable[..., Result]) -> None:
    """Formats by their short codes; rules, which only STU3 had, are told as not run."""
    text = """<TestScript xmlns="http://hl7.org/fhir"><url value="https://example.org/t"/><name value="T"/><status value="draft"/>
    <test><action><operation><type><code value="search"/></type><resource value="Patient"/><accept value="xml"/>
    <params value="?_id=none"/></operation></action><action><assert><contentType value="xml"/></assert></action>
    <action><assert><operator value="equals"/><path value="fhir:Bundle/fhir:total/@value"/><value value="0"/></assert></action>
    {}</test></TestScript>"""
    (tmp_path / "a.xml").write_text(text.format(""))
    rule = '<action><assert><rule><ruleId value="r"/></rule></assert></action>'
    (tmp_path / "b.xml").write_text(text.format(rule))
    result = judged("testscript", tmp_path)
    assert result.exit_code == 0, result.output
    assert "2 pass" in result.output
    assert "rules, which FHIR had in STU3 alone" in result.output


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("Patient/name/given", ["A", "B"]),
        ("fhir:Bundle/fhir:entry[1]/fhir:resource/fhir:Patient/fhir:id/@value", ["x"]),
        ("/Bundle/total", ["1"]),
        ("count(/Bundle/entry)", ["1"]),
        (".entry[0].resource.name[0].given", ["A", "B"]),
        ("$.entry[*].resource.active", ["true"]),
        ("Bundle.entry[0].resource.id", ["x"]),
        ("$..family", ["Q"]),
        ("entry[0].resource.name[?(@.family == 'Q')].given[1]", ["B"]),
        ("entry[0].resource.name[?(@.family != 'Q')].given", []),
    ],
)
def test_paths_are_taken_as_scripts_write_them(path: str, found: list[str]) -> None:
    """XPath on JSON too, with prefixes or without; JSONPath without its root."""
    assert values(Content(json.dumps(BUNDLE).encode()), path) == found


def test_expressions_are_fhirpath() -> None:
    """Text of each item."""
    content = Content(json.dumps(BUNDLE).encode())
    assert evaluate(content, "Bundle.entry.resource.name.given") == ["A", "B"]
    assert evaluate(content, "Bundle.total.toInteger() >= entry.count()") == ["true"]


@pytest.mark.parametrize(
    ("operator", "came", "wanted", "holds"),
    [
        ("equals", ["1.0"], "1", True), ("equals", ["a"], "b", False), ("notEquals", ["a"], "b", True),
        ("in", ["a"], "a,b", True), ("in", ["c"], "a,b", False), ("notIn", ["c"], "a,b", True), ("greaterThan", ["10"], "9", True),
        ("greaterThan", ["9"], "9", False), ("lessThan", ["2020-01-01"], "2021-01-01", True), ("empty", [], None, True),
        ("notEmpty", ["a"], None, True), ("contains", ["abc"], "b", True), ("notContains", ["abc"], "b", False),
        ("eval", ["true"], None, True), ("eval", [], None, False), ("matchesRegex", ["abc"], "^a", True),
    ],
)  # fmt: skip
def test_operators(operator: str, came: list[str], wanted: str | None, holds: bool) -> None:
    """assert-operator-codes; numbers compare as numbers."""
    assert (compared(operator, came, wanted, "it") == "") is holds


def test_the_least_may_be_anywhere_in_a_list() -> None:
    """A minimum is contained; more may be there."""
    assert not list(lacking({"a": [{"b": 1}]}, {"a": [{"c": 2}, {"b": 1, "c": 3}]}, "x"))
    assert list(lacking({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}]}, "x")) == ["x.a[0]"]


@pytest.mark.long
@pytest.mark.parametrize("suite", ["connectathon15-stu3.tgz", "testscript-engine.tgz", "mock-health"])
def test_the_scripts_of_others(shared: Callable[[str], Path], suite: str) -> None:
    """Those that hold for R4 pass on a fresh engine; the rest are listed with the reason."""
    result = CliRunner().invoke(app, ["testscript", str(shared(f"conformance/testscripts/{suite}")), "--serve"])
    assert result.exit_code == 0, result.output
