"""GP Connect, FHIR STU3: structured records and appointments as R4."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interop.formats.json import load_json, write_json
from interop.mapping.examples import value_at
from interop.mapping.library import adapters
from tests.spec.families.maps import Made, example, make

RECORD = example("gpconnect", "record.json")
ALONE = example("gpconnect", "appointment.json")
BOOKED = example("gpconnect", "booking.json")

FACTS: list[tuple[str, str, Any]] = [
    ("patient", "identifier[0].value", "9990000018"),
    ("patient", "identifier[0].system", "https://fhir.nhs.uk/Id/nhs-number"),
    ("patient", "identifier[0].extension[0].valueCodeableConcept.coding[0].code", "01"),
    ("patient", "birthDate", "1948-11"),
    ("patient", "address[0].postalCode", "LS21 1AA"),
    ("cond", "recordedDate", "2024-03-04T09:35:00+00:00"),
    ("cond", "onsetDateTime", "2019-06"),
    ("cond", "code.coding[0].code", "44054006"),
    ("cond", "code.coding[1].system", "http://read.info/readv2"),
    ("cond", "category[0].coding[0].system", "http://terminology.hl7.org/CodeSystem/condition-category"),
    ("all", "recordedDate", "2010-06-30T05:48:06+01:00"),
    ("all", "onsetDateTime", "1990"),
    ("all", "reaction[0].manifestation[1].coding[0].code", "126485001"),
    ("mst", "status", "active"),
    ("mrq", "courseOfTherapyType.coding[0].code", "continuous"),
    ("mrq", "dispenseRequest.numberOfRepeatsAllowed", 6),
    ("imm", "occurrenceDateTime", "2023-10-02"),
    ("enc", "period.end", "2024-03-04T09:42:00+00:00"),
    ("enc", "reasonCode[0].coding[0].code", "84229001"),
    ("obs", "note[0].text", "Sitting"),
    ("obs", "effectiveDateTime", "2024-03-04T09:36:00+00:00"),
    ("obs", "category[0].text", "Examination"),
    ("prq", "status", "on-hold"),
    ("prq", "intent", "order"),
    ("prq", "occurrenceDateTime", "2025-03"),
    ("dry", "status", "active"),
    ("dry", "category[0].coding[0].code", "diary-entry"),
    ("dry", "activity[0].detail.scheduledPeriod.start", "2025-03"),
    ("rrq", "status", "revoked"),
    ("dref", "date", "2024-02-03T10:00:00+00:00"),
    ("dref", "content[0].attachment.creation", "2024-02-01"),
]
"""Resource, path, value: what a clinician would say that the record says."""


def first(made: Made, name: str) -> dict[str, Any]:
    return made.all(name)[0]


@pytest.mark.parametrize(("name", "path", "value"), FACTS, ids=[f"{name} {path}" for name, path, _ in FACTS])
def test_what_the_record_says(name: str, path: str, value: Any) -> None:
    assert value_at(first(make("gpconnect", RECORD), name), path) == value


def test_a_vaccine_not_given_is_not_done() -> None:
    """STU3 tells by ``notGiven`` what R4 tells by ``status``."""
    assert [one["status"] for one in make("gpconnect", RECORD).all("imm")] == ["completed", "not-done"]


def test_the_nested_lists_of_a_consultation_stay_lists() -> None:
    """Consultation, topic, heading, entry: each refers to the next, and the consultation to its Encounter."""
    made = make("gpconnect", RECORD)
    by_title = {one["title"]: one for one in made.all("list")}
    ids = {title: f"List/{one['id']}" for title, one in by_title.items()}
    assert by_title["Consultation"]["entry"][0]["item"]["reference"] == ids["Diabetes"]
    assert by_title["Diabetes"]["entry"][0]["item"]["reference"] == ids["Examination"]
    assert by_title["Examination"]["entry"][0]["item"]["reference"] == f"Observation/{first(made, 'obs')['id']}"
    assert by_title["Consultation"]["encounter"]["reference"] == f"Encounter/{first(made, 'enc')['id']}"


def test_the_organisation_that_booked_is_named_by_the_extension() -> None:
    """``#1`` is the contained resource of that very appointment."""
    made = make("gpconnect", ALONE)
    appointment = made.one("apt")
    booker = [one for one in appointment["extension"] if one["url"].endswith("BookingOrganization")]
    assert booker[0]["valueReference"]["reference"] == f"Organization/{made.one('borg')['id']}"
    assert "contained" not in appointment


def test_a_booking_is_one_appointment_from_request_to_cancellation() -> None:
    """A request has no id and no version yet."""
    asked = load_json(ALONE)
    asked.pop("id"), asked.pop("meta")
    assert make("gpconnect", write_json(asked)).one("apt")["id"] == make("gpconnect", ALONE).one("apt")["id"]


def test_the_patient_of_an_appointment_alone_is_not_that_of_another_practice() -> None:
    other = ALONE.replace(b"2024-06-20T08:15:00", b"2024-06-20T08:16:00")
    assert make("gpconnect", ALONE).one("apat")["id"] != make("gpconnect", other).one("apat")["id"]


def test_those_who_meet_are_the_same_from_booking_to_cancellation() -> None:
    """They are named by the practice's ids alone; without a time of booking the ids mean nothing beyond the message."""
    cancelled = ALONE.replace(b'"versionId": "12"', b'"versionId": "13"')
    assert make("gpconnect", cancelled).one("apat")["id"] == make("gpconnect", ALONE).one("apat")["id"]
    nowhere = [write_json({**load_json(one), "created": None, "contained": []}) for one in (ALONE, cancelled)]
    first, second = (make("gpconnect", one).one("apat")["id"] for one in nowhere)
    assert first != second


def test_a_clinician_is_known_by_the_sds_number_in_every_message() -> None:
    assert first(make("gpconnect", RECORD), "prac")["id"] == first(make("gpconnect", BOOKED), "prac")["id"]


def test_a_blood_pressure_keeps_its_codes_and_has_those_of_loinc() -> None:
    """R4 demands of vital signs the code of LOINC and a unit of UCUM."""
    made = first(make("gpconnect", RECORD), "obs")
    assert [one["code"] for one in made["code"]["coding"]] == ["75367002", "246..00", "85354-9"]
    assert made["component"][0]["valueQuantity"]["code"] == "mm[Hg]"


def filled(path: Path) -> bytes:
    """A sample with an NHS number in place of the template that its publisher left in."""
    text = path.read_text("utf-8")
    start = text.find("{{jsonPath")
    return (text if start < 0 else text[:start] + "9990000018" + text[text.index("}}", start) + 2 :]).encode()


def test_every_sample_maps_to_valid_r4_and_nothing_is_unmapped(shared: Callable[[str], Path]) -> None:
    """Records of three suppliers and of the GP2GP adaptor, and appointments."""
    seen = 0
    for folder in ("samples/gp/gpconnect", "samples/gp/gp2gp/expected-stu3"):
        for path in sorted(shared(folder).rglob("*.json")):
            if path.name.startswith("operationOutcome"):
                continue
            for body in adapters()["gpconnect"].split(io.BytesIO(filled(path))):
                made = make("gpconnect", body)
                assert made.findings() == [], path.name
                assert [loss.path for loss in made.losses if loss.reason == "unmapped"] == [], path.name
                seen += 1
    assert seen == 16


SAMPLE_FACTS: list[tuple[str, str, str, Any]] = [
    ("gpconnect/appointments/cancel_appt_response_example.json", "apt", "status", "cancelled"),
    ("gpconnect/appointments/cancel_appt_response_example.json", "apt", "cancelationReason.text", "Free text cancellation reason."),
    ("gpconnect/appointments/read_appt_response_example.json", "apt", "start", "2017-08-21T10:20:00+01:00"),
    ("gpconnect/appointments/read_appt_response_example.json", "borg", "identifier[0].value", "A00001"),
    ("gpconnect/appointments/search_for_free_slots_response_example.json", "slot", "status", "free"),
    (
        "gpconnect/appointments/search_for_free_slots_response_example.json",
        "sched",
        "planningHorizon.end",
        "2016-08-15T12:00:00+01:00",
    ),
    ("gpconnect/structured/EMISPatientStructurede2eResponsePWTP5.json", "imm", "lotNumber", "123456"),
    ("gpconnect/structured/EMISPatientStructurede2eResponsePWTP5.json", "imm", "recorded", "2010-06-30T05:48:06.91+01:00"),
    (
        "gpconnect/structured/EMISPatientStructurede2eResponsePWTP5.json",
        "dry",
        "activity[0].detail.scheduledPeriod.start",
        "2029-11-15",
    ),
    ("gpconnect/structured/MedicusBasedOnErrorStructuredRecord.json", "mst", "effectivePeriod.start", "2022-08-15"),
]


@pytest.mark.parametrize(("file", "name", "path", "value"), SAMPLE_FACTS, ids=[f"{one[0]} {one[2]}" for one in SAMPLE_FACTS])
def test_what_the_samples_say(shared: Callable[[str], Path], file: str, name: str, path: str, value: Any) -> None:
    assert value_at(first(make("gpconnect", filled(shared(f"samples/gp/{file}"))), name), path) == value
