"""EMIS OpenHR (schema 2.1): ``adminDomain`` and ``healthDomain`` of one patient's record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.spec.families.maps import example, make

RECORD = example("openhr", "record.xml")
CHANGES = example("openhr", "changes.xml")


@pytest.mark.parametrize(
    ("given", "date"),
    [
        ('datepart="Y" value="1988-01-01T00:00:00"', "1988"),
        ('datepart="YM" value="1988-05-01T00:00:00"', "1988-05"),
        ('datepart="YMD" value="1988-05-09T11:12:00"', "1988-05-09"),
        ('datepart="YMDT" value="1988-05-09T11:12:00"', "1988-05-09T11:12:00+01:00"),
        ('datepart="U"', None),
    ],
)
def test_a_padded_time_is_cut_to_its_datepart(given: str, date: str | None) -> None:
    """``effectiveTime`` is padded to a full time; ``datepart`` says how much of it is known."""
    body = RECORD.replace(b'datepart="Y" value="1988-01-01T00:00:00"', given.encode())
    assert make("openhr", body).one("all").get("onsetDateTime") == date


def test_a_diary_entry_is_a_plan_and_a_problem_is_not() -> None:
    """DRY entries are the only plans; problems become Conditions of the problem list."""
    made = make("openhr", RECORD)
    assert [plan["title"] for plan in made.all("dry")] == ["Falls plan review at home"]
    assert made.of_type("CarePlan") == ["upsert"]
    assert made.one("prob")["category"][0]["coding"][0]["code"] == "problem-list-item"


def test_a_diary_entry_does_not_say_whether_it_was_done() -> None:
    """Neither the plan nor its activity is said to be active or completed."""
    plan = make("openhr", RECORD).one("dry")
    assert plan["status"] == plan["activity"][0]["detail"]["status"] == "unknown"


@pytest.mark.parametrize(("status", "clinical"), [("A", "active"), ("I", "inactive"), ("HP", None), ("PP", None)])
def test_clinical_status_is_the_problems_own(status: str, clinical: str | None) -> None:
    """A and I are clinical statuses, health promotion and potential problems are none."""
    condition = make("openhr", RECORD.replace(b"<status>A</status>", f"<status>{status}</status>".encode())).one("prob")
    said = condition.get("clinicalStatus")
    assert (said["coding"][0]["code"] if said else None) == clinical


def test_a_code_stands_beside_its_translation_and_an_empty_one_is_none() -> None:
    """Read v2 as given, SNOMED CT beside it; ``code=""`` leaves the text."""
    made = make("openhr", RECORD)
    systems = [coding["system"] for coding in made.one("prob")["code"]["coding"]]
    assert systems == ["http://read.info/readv2", "http://snomed.info/sct"]
    emptied = make("openhr", RECORD.replace(b'code="14L1."', b'code=""')).one("all")
    assert emptied["code"] == {"text": "Penicillin allergy"}


def test_the_event_that_defines_a_problem_is_told_once() -> None:
    """The problem's id is its event's; only a value of that event makes an Observation too."""
    made = make("openhr", RECORD)
    assert "Recurrent falls at home" not in [one["code"]["text"] for one in made.all("obs")]
    assert make("openhr", CHANGES).one("obsp")["valueQuantity"]["unit"] == "kg"


def test_update_mode_delete_withdraws() -> None:
    """``updateMode="delete"`` on any entry of the health domain."""
    made = make("openhr", CHANGES)
    gone = {"Encounter", "Observation", "AllergyIntolerance", "MedicationStatement", "MedicationRequest", "Immunization"}
    for kind in gone | {"ServiceRequest", "CarePlan", "Flag", "Condition", "DocumentReference"}:
        assert "delete" in made.of_type(kind), kind


def test_a_patient_is_known_by_the_record_not_by_the_nhs_number() -> None:
    """Another NHS number in the same record is the same Patient; another record is another."""
    first = make("openhr", RECORD).one("pat")["id"]
    assert make("openhr", RECORD.replace(b"999 100 0011", b"9991000127")).one("pat")["id"] == first
    moved = RECORD.replace(b"5d0c1c51-7a1e-4f60-9b3a-000000000010", b"5d0c1c51-7a1e-4f60-9b3a-0000000000ff")
    assert make("openhr", moved).one("pat")["id"] != first


def test_every_sample_maps_to_valid_r4(shared: Callable[[str], Path]) -> None:
    """The supplier's own samples."""
    for path in sorted(shared("samples/gp/openhr").glob("*.xml")):
        made = make("openhr", path.read_bytes())
        assert made.all("pat"), path.name
        assert made.findings() == [], path.name
