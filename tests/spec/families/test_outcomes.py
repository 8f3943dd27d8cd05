"""Outcomes: every sample message converts, or is refused for the right reason; no field is lost without one."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests import outcomes
from tests.outcomes import LOSSES, OUTCOMES, PAGE, Lost, Outcome, as_csv, measure, page, recorded, sample_files

REFUSED = {
    "acute/ecds/*": ("unknown-format", "a dataset that no adapter reads yet"),
    "gp/gp2gp/*": ("unknown-format", "a record transfer that no adapter reads yet"),
    "ambulance/bars/CodeSystem/*": ("unknown-format", "a code system, not a message"),
    "ambulance/bars/MessageDefinition/*": ("unknown-format", "a definition, not a message"),
    "ambulance/nhs111/doc/*": ("unknown-format", "an answer that an adapter gives"),
    "ambulance/nhs111/other/*": ("placeholder", "@@placeholders@@ stand where values belong"),
    "ereferral/ers/stu3/retrieveAppointmentSlots/responses/ErrorPage5.json": ("source-error", "an error that e-RS answered with"),
    "ereferral/bars-api/OperationOutcome/*": ("unknown-format", "an answer that a receiver of BaRS gives"),
    "ereferral/bars-api/message_definition/*": ("unknown-trigger", "a definition, not a message"),
    "ereferral/bars-api/metadata/*": ("unknown-format", "what a server can do"),
    "ereferral/bars-api/service_request/GET-success.json": ("missing-field", "entries without resources"),
    "gp/gpconnect/structured/operationOutcomeInvalidNHSNumber.json": ("source-error", "an error in place of a record"),
    "gp/gpconnect/structured/operationOutcomeNoRelationship.json": ("source-withheld", "a record that the practice does not share"),
    "gp/gpconnect/structured/EMISPatientStructurede2eResponsePWTP5.json": ("placeholder", ""),
    "gp/gpconnect/structured/MedicusBasedOnErrorStructuredRecord.json": ("placeholder", ""),
    "gp/gpconnect/structured/TPPPatientStructuredRecordE2EPWTP5.json": ("placeholder", ""),
}
"""By pattern of the file's name: the reason, and what the file is."""
MISSPELT = [("r4", "CPY01", 3)]
"""``PatientInstruction`` in the samples of BaRS's API: R4 has ``patientInstruction``."""


@pytest.fixture(scope="module")
def measured(shared: Callable[[str], Path]) -> tuple[list[Outcome], list[Lost]]:
    shared("samples")
    return measure(sample_files())


def test_what_is_recorded_is_what_becomes_of_them(measured: tuple[list[Outcome], list[Lost]]) -> None:
    found, lost = measured
    assert as_csv(Outcome._fields, found) == OUTCOMES.read_text("utf-8")
    assert as_csv(Lost._fields, lost) == LOSSES.read_text("utf-8")


def test_what_is_refused_is_refused_for_the_right_reason() -> None:
    found, _ = recorded()
    for one in found:
        expected = next((reason for pattern, (reason, _) in REFUSED.items() if fnmatchcase(one.file, pattern)), "converted")
        assert (one.file, one.outcome) == (one.file, expected)


def test_what_converts_makes_something_and_says_what_is_left_out() -> None:
    found, lost = recorded()
    for one in found:
        assert one.outcome != "converted" or (one.resources and one.carried and one.messages), one.file
    for name in {one.family for one in found}:
        losses = sum(each.times for each in lost if each.family == name)
        assert losses == sum(each.left_out + each.lost for each in found if each.family == name)


def test_no_field_of_a_sample_is_without_a_row() -> None:
    _, lost = recorded()
    assert [(one.family, one.row, one.times) for one in lost if one.reason == "unmapped"] == MISSPELT


def test_the_page_shows_each_file_and_each_reason() -> None:
    text = PAGE.read_text("utf-8")
    assert text == page(*recorded())
    for one in recorded()[0]:
        assert f"| {one.file} |" in text


def test_a_difference_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(outcomes, "SAMPLES", tmp_path / "absent")
    assert outcomes.main(["--check"]) == 0
    changed = outcomes.ROOT / "docs" / "outcomes.md"
    monkeypatch.setattr(outcomes, "page", lambda *_: "another\n")
    assert outcomes.main(["--check"]) == 1
    assert capsys.readouterr().err == f"{changed.relative_to(outcomes.ROOT)} differs: scripts/generate writes it\n"
