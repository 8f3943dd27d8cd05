"""``conformance patch``: patch cases over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from conformance.cli import app

pytestmark = pytest.mark.long

DOCUMENT = {"resourceType": "Patient", "active": True, "birthDate": "1950-01-02"}
REMOVE = [{"op": "remove", "path": "/birthDate"}]
FHIRPATH = """<tests><case name="delete"><input><Patient xmlns="http://hl7.org/fhir"><active value="true"/>
<birthDate value="1950-01-02"/></Patient></input><diff><Parameters xmlns="http://hl7.org/fhir"><parameter>
<name value="operation"/><part><name value="type"/><valueCode value="delete"/></part><part><name value="path"/>
<valueString value="Patient.birthDate"/></part></parameter></Parameters></diff>
<output><Patient xmlns="http://hl7.org/fhir"><active value="{}"/></Patient></output></case></tests>"""


def test_cases_about_resources_are_run(tmp_path: Path, judged: Callable[..., Result]) -> None:
    """What is patched, what is refused; other documents are told as skipped."""
    cases = [
        {"comment": "remove", "doc": DOCUMENT, "patch": REMOVE, "expected": {"resourceType": "Patient", "active": True}},
        {"comment": "nothing there", "doc": {"resourceType": "Patient", "active": True}, "patch": REMOVE, "error": "no such path"},
        {"comment": "no resource", "doc": {"a": 1}, "patch": REMOVE, "error": ""},
    ]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    result = judged("patch", tmp_path / "cases.json")
    assert result.exit_code == 0, result.output
    assert "2 pass, 1 skipped" in result.output


@pytest.mark.parametrize(
    "wrong",
    [
        {"comment": "keeps it", "doc": DOCUMENT, "patch": REMOVE, "expected": DOCUMENT},
        {"comment": "is taken", "doc": DOCUMENT, "patch": REMOVE, "error": "refuse"},
    ],
)
def test_a_planted_fault_fails(tmp_path: Path, judged: Callable[..., Result], wrong: dict[str, object]) -> None:
    """A wrong outcome, or none where one is wanted."""
    (tmp_path / "cases.json").write_text(json.dumps([wrong]))
    assert judged("patch", tmp_path / "cases.json").exit_code == 1


def test_fhirpath_patches_go_as_xml_and_as_json(tmp_path: Path, judged: Callable[..., Result]) -> None:
    """A case is run in both forms."""
    (tmp_path / "good.xml").write_text(FHIRPATH.format("true"))
    (tmp_path / "bad.xml").write_text(FHIRPATH.format("false"))
    good = judged("patch", tmp_path / "good.xml")
    assert good.exit_code == 0, good.output
    assert "2 pass" in good.output
    assert judged("patch", tmp_path / "bad.xml").exit_code == 1


@pytest.mark.long
def test_the_cases_of_others(shared: Callable[[str], Path]) -> None:
    """The three suites: those about FHIR resources pass over HTTP."""
    folder = shared("conformance/patch")
    files = sorted(str(each) for each in folder.iterdir() if each.suffix in (".json", ".xml"))
    result = CliRunner().invoke(app, ["patch", *files, "--serve"])
    assert result.exit_code == 0, result.output
