"""EMIS OpenHR (schema 2.1): ``adminDomain`` and ``healthDomain`` of one patient's record."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from interop.mapping.examples import value_at
from tests.spec.families.maps import Made, example, make

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


WHOLE = example("openhr", "whole.xml")
FACTS: list[tuple[str, int, str, Any]] = [
    # what a clinician would say that the whole record says: resource, place, path, value
    ("pat", 0, "active", False),
    ("pat", 0, "contact[0].name.given[0]", "Jude"),
    ("pat", 0, "contact[1].relationship[0].text", "Carer"),
    ("reg", 0, "status", "finished"),
    ("reg", 0, "period.end", "2024-11-30T00:00:00+00:00"),
    ("reg", 0, "statusHistory[0].period.start", "2008-02-05T00:00:00+00:00"),
    ("prac", 0, "identifier[0].value", "9900555"),
    ("enc", 0, "period.start", "2025-04-03T10:00:00+01:00"),
    ("parts", 0, "entry[1].flag.text", "Examination"),
    ("prob", 0, "clinicalStatus.coding[0].code", "active"),
    ("prob", 0, "abatementDateTime", None),
    ("prob", 0, "note[0].time", "2026-01"),
    ("prob", 0, "category[1].coding[0].code", "FAM"),
    ("obs", 0, "component[0].valueQuantity.value", "148"),
    ("obs", 6, "status", "preliminary"),
    ("obs", 6, "referenceRange[0].low.value", "3.5"),
    ("obs", 6, "referenceRange[1].type.coding[0].display", "Toxic interval"),
    ("obs", 8, "code.text", "No family history of diabetes"),
    ("obs", 8, "category[0].coding[0].code", "FH"),
    ("allu", 0, "code.text", "Aspirin reaction"),
    ("allu", 0, "verificationStatus.coding[0].code", "unconfirmed"),
    ("med", 0, "status", "active"),
    ("med", 1, "status", "stopped"),
    ("med", 1, "effectivePeriod.end", "2025-04-04T11:00:00+01:00"),
    ("med", 2, "status", "active"),
    ("mpl", 0, "extension[0].valueUnsignedInt", 6),
    ("iss", 0, "status", "unknown"),
    ("iss", 1, "status", "cancelled"),
    ("iss", 1, "medicationReference.display", "Skin cream"),
    ("imm", 0, "doseQuantity.value", "0.5"),
    ("refu", 0, "occurrenceDateTime", "2025-05-20"),
    ("req", 0, "status", "active"),
    ("ord", 0, "priority", "urgent"),
    ("rep", 0, "conclusion", "Potassium high normal\nRepeat in a month"),
    ("spec", 0, "collection.collectedDateTime", "2025-04-01T09:10:00+01:00"),
    ("dryu", 0, "note[0].text", "Reminder by SMS"),
    ("doc", 0, "content[0].attachment.contentType", "text/plain"),
    ("task", 0, "restriction.period.end", "2025-04-04T12:00:00+01:00"),
]


@cache
def whole() -> Made:
    """What the example with every type of element makes."""
    return make("openhr", WHOLE)


@cache
def sampled(path: Path) -> Made:
    """What a sample makes."""
    return make("openhr", path.read_bytes())


@pytest.mark.parametrize(("name", "place", "path", "value"), FACTS, ids=[f"{one[0]}#{one[1]} {one[2]}" for one in FACTS])
def test_what_the_whole_record_says(name: str, place: int, path: str, value: Any) -> None:
    found = value_at(whole().all(name)[place], path)
    assert (str(found) if isinstance(value, str) else found) == value


def test_a_consultation_that_takes_its_components_with_it_withdraws_whatever_they_were() -> None:
    """``removeComponentsOnDelete``: the component names an entry and not its type."""
    gone = [one.type for one in whole().contributions if one.name.startswith("gone")]
    assert {"Observation", "AllergyIntolerance", "MedicationStatement", "Condition", "CarePlan"} < set(gone)


def test_what_is_deleted_of_a_person_is_deleted_and_what_is_absent_is_not() -> None:
    """An address, a telephone number, an identifier each; the patient's own name is not touched."""
    first, second = (one for one in whole().contributions if one.name == "pat")
    assert "telecom:PAT23" in first.deleted
    assert {"identifier:PAT01", "address:PAT22", "contact:PAT60"} <= set(second.deleted)
    assert not any(register.startswith("name") for register in (*first.deleted, *second.deleted))


SAMPLE = "samples/gp/openhr/00d0b7ae-a867-4906-9dc2-d8cab42eb69a.xml"
SAMPLE_FACTS: list[tuple[str, str, str, str | None]] = [
    # resource, what it is called, path, value
    ("prob", "Foreign travel advice", "clinicalStatus.coding[0].code", "inactive"),
    ("prob", "Foreign travel advice", "onsetDateTime", "2000-11-01"),
    ("prob", "Foreign travel advice", "abatementDateTime", "2005-09-27"),
    ("prob", "Foreign travel advice", "code.coding[0].code", "67E"),
    ("prob", "Foreign travel advice", "code.coding[1].code", "171071003"),
    ("med", "Ibuprofen 400mg tablets", "status", "completed"),
    ("med", "Ibuprofen 400mg tablets", "dosage[0].text", "1TDSPC"),
    ("med", "Ibuprofen 400mg tablets", "medicationCodeableConcept.coding[1].code", "329653008"),
    ("mpl", "Ibuprofen 400mg tablets", "dispenseRequest.quantity.value", "30"),
    ("mpl", "Ibuprofen 400mg tablets", "courseOfTherapyType.coding[0].code", "acute"),
    ("obs", "Serum total bilirubin level", "valueQuantity.value", "7"),
    ("obs", "Serum total bilirubin level", "valueQuantity.unit", "umol/L"),
    ("obs", "Serum total bilirubin level", "referenceRange[0].high.value", "20"),
    ("obs", "Serum total bilirubin level", "effectiveDateTime", "2002-10-07"),
    ("obs", "O/E Blood Pressure Reading", "effectiveDateTime", "2003-10-22"),
    ("obs", "O/E Blood Pressure Reading", "issued", "2009-06-27T10:40:46.393+01:00"),
    ("ref", "Refer to physiotherapist", "priority", "routine"),
    ("ref", "Refer to physiotherapist", "authoredOn", "2003-04-09"),
    ("dry", "Cervical neoplasia screen", "activity[0].detail.scheduledPeriod.start", "2004-10-20"),
    ("imm", "Booster typhoid vaccination", "occurrenceDateTime", "2000-11-01"),
    ("imm", "Booster typhoid vaccination", "recorded", "2005-08-30T00:00:00+01:00"),
]


@pytest.mark.parametrize(("name", "called", "path", "value"), SAMPLE_FACTS, ids=[f"{one[1]} {one[2]}" for one in SAMPLE_FACTS])
def test_what_a_sample_says(shared: Callable[[str], Path], name: str, called: str, path: str, value: str | None) -> None:
    made = sampled(shared(SAMPLE))
    names = ("code.text", "medicationCodeableConcept.text", "title", "vaccineCode.text")
    found = next(one for one in made.all(name) if called in [value_at(one, each) for each in names])
    assert str(value_at(found, path)) == value


def test_blood_pressures_of_a_sample_have_their_parts(shared: Callable[[str], Path]) -> None:
    made = sampled(shared(SAMPLE))
    parts = [
        [str(part["valueQuantity"]["value"]) for part in one["component"]]
        for one in made.all("obs")
        if one["code"]["text"] == "O/E Blood Pressure Reading"
    ]
    assert ["134", "86"] in parts


def test_no_field_of_a_sample_is_unmapped(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("samples/gp/openhr").glob("*.xml")):
        unmapped = {loss.path for loss in sampled(path).losses if loss.reason != "not-carried"}
        assert unmapped == set(), path.name
