"""Booking and Referral Standard (FHIR R4 messages): referrals, validation, updates, bookings, cancellations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from interop.cli.main import app
from interop.fhir.xml import from_xml, to_xml
from interop.formats.json import load_json, write_json
from interop.ids import Mint
from interop.mapping.contribution import REST
from interop.mapping.library import adapters, family
from interop.record.umbrella import add_umbrellas
from tests.spec.families.maps import Made, example, make

FIRST, UPDATE, RESPONSE = (example("bars", name) for name in ("first.xml", "update.json", "response.xml"))
BOOKING, DELETED = example("bars", "booking.json"), example("bars", "booking-deleted.json")
CANCELLED = example("bars", "booking-cancelled.json"), example("bars", "referral-cancelled.xml")
EXAMPLES = (
    "first.xml",
    "update.json",
    "response.xml",
    "booking.json",
    "booking-cancelled.json",
    "booking-deleted.json",
    "referral-cancelled.xml",
    "referral-deleted.xml",
)
_STEP: Final = re.compile(r"(\w+)(?:\[(\d+)\])?")


def at(body: Any, path: str) -> Any:
    """What stands at a path such as ``name[0].family``; None for nothing."""
    for name, place in _STEP.findall(path):
        body = body.get(name) if isinstance(body, dict) else None
        if place and body is not None:
            body = body[int(place)] if int(place) < len(body) else None
    return body


def by_reference(made: Made, reference: str) -> str:
    """The name in the tables of the resource that a reference points to."""
    return next((one.name for one in made.contributions if f"{one.type}/{one.id}" == reference), "")


def test_both_notations_say_the_same() -> None:
    """XML and JSON of one message make the same resources under the same ids, and are the same message."""
    for name in EXAMPLES:
        body = example("bars", name)
        other = to_xml(load_json(body)) if name.endswith("json") else write_json(from_xml(body))
        assert adapters()["bars"].envelope(body).duplicate == adapters()["bars"].envelope(other).duplicate
        one, two = make("bars", body), make("bars", other)
        assert [(each.name, each.id, each.registers) for each in one.contributions] == [
            (each.name, each.id, each.registers) for each in two.contributions
        ]


def test_what_triage_concluded_is_of_category_triage_outcome_and_under_no_plan() -> None:
    """SD, SG, Dx and ARP category stand in the outcome; no umbrella plan is made for it."""
    envelope, source = adapters()["bars"].open(UPDATE)
    mapped = family("bars").map(source, envelope, Mint())
    add_umbrellas(mapped, Mint())
    made = Made(mapped.contributions, mapped.losses)
    assert made.of_type("CarePlan") == ["upsert"]
    plan = made.one("plan")
    assert [coding["code"] for coding in plan["category"][0]["coding"]] == ["triage-outcome"]
    outcomes = plan["activity"][0]["outcomeCodeableConcept"]
    assert [one["coding"][0]["code"] for one in outcomes if "coding" in one] == ["SD4033", "SG1137", "Dx0122", "C3"]
    assert "partOf" not in plan


def test_the_parts_of_a_sequence_are_of_one_request_one_contact_one_outcome() -> None:
    """By the case number of the sender, in its answers too; not by the ids that each message gives."""
    first, update, answer = make("bars", FIRST), make("bars", UPDATE), make("bars", RESPONSE)
    for name in ("req", "enc", "plan", "flag"):
        assert first.all(name)[0]["id"] == update.all(name)[0]["id"], name
    assert answer.one("req_answered")["id"] == update.one("req")["id"]
    sender = {one["identifier"][0]["value"]: one["id"] for one in answer.all("enc")}
    assert sender["AMB-77120"] == update.one("enc")["id"]


def test_order_is_that_of_the_messages_own_times() -> None:
    """The Bundle's ``timestamp`` stays the same through a sequence: what was last updated later is later."""
    orders = [adapters()["bars"].envelope(body).order.time for body in (FIRST, UPDATE, RESPONSE)]
    assert orders == sorted(orders)
    assert len(set(orders)) == 3


def test_sender_and_receiver_may_come_to_two_outcomes() -> None:
    """Of two contacts, even where both call them by one address."""
    update, answer = make("bars", UPDATE).one("plan"), make("bars", RESPONSE).one("plan")
    assert update["id"] != answer["id"]


def test_the_same_address_in_two_cases_is_two_things() -> None:
    """Senders build messages from templates, addresses and all."""
    other = make("bars", UPDATE.replace(b"AMB-77120", b"AMB-77121"))
    for name in ("obs", "cond", "plan", "req"):
        assert other.all(name)[0]["id"] != make("bars", UPDATE).all(name)[0]["id"], name


def test_the_same_address_for_two_people_is_two_bookings() -> None:
    """Of a booking without a case: with an NHS number, and without one."""
    first, second = make("bars", BOOKING), make("bars", BOOKING.replace(b"999 300 0019", b"999 300 0027"))
    nameless = [re.sub(rb'"identifier": \[\s*\{\s*"extension".*?"999 300 0019"\s*\}\s*\],', b"", BOOKING, flags=re.DOTALL)]
    nameless.append(nameless[0].replace(b"c2f0b1a4-", b"c2f0b1a5-"))
    third, fourth = (make("bars", body) for body in nameless)
    for name in ("appt", "slot", "sched"):
        assert len({made.one(name)["id"] for made in (first, second, third, fourth)}) == 4, name
    assert third.one("pat_unnamed")["id"] != fourth.one("pat_unnamed")["id"]


def test_alerts_are_never_dropped() -> None:
    """Whatever code they have, whatever they point to: scene safety, safeguarding, reasonable adjustments."""
    assert len(make("bars", UPDATE).all("flag")) == 2
    unknown = UPDATE.replace(b'"code": "U",', b'"code": "of the sender",').replace(b'"code": "SS"', b'"code": "SC"')
    flags = make("bars", unknown).all("flag")
    assert [flag["code"]["coding"][0]["code"] for flag in flags] == ["of the sender", "1089181000000107"]
    assert flags[0]["category"][0]["coding"][0]["code"] == "SC"


def test_a_cancellation_is_an_update_of_status() -> None:
    """``revoked`` and ``cancelled`` stay to be seen, on the same resource."""
    booking, referral = (make("bars", body) for body in CANCELLED)
    assert (referral.one("req_cancelled")["status"], referral.of_type("ServiceRequest")) == ("revoked", ["upsert"])
    assert referral.one("req_cancelled")["id"] == make("bars", UPDATE).one("req")["id"]
    assert (booking.one("appt_cancelled")["status"], booking.of_type("Appointment")) == ("cancelled", ["upsert"])
    assert booking.one("appt_cancelled")["id"] == make("bars", BOOKING).one("appt")["id"]


def test_an_update_tells_its_entries_whole_and_answers_and_cancellations_in_part() -> None:
    """What many tell of, people and contacts above all, is told by each in part."""
    whole = {one.name for one in make("bars", UPDATE).contributions if one.deleted == [REST]}
    assert {"req", "flag", "plan", "obs", "allergy", "cons", "loc_unnamed"} <= whole
    assert not whole & {"header", "pat", "pat_unnamed", "enc", "enc_unnamed", "org", "prac", "role", "svc", "loc"}
    for body in (RESPONSE, *CANCELLED):
        parts = {one.name for one in make("bars", body).contributions if one.deleted == []}
        assert parts & {"req_answered", "req_cancelled", "appt_cancelled"}


def test_reason_delete_withdraws_what_the_message_is_about() -> None:
    """And nothing else that it brings along."""
    deleted = make("bars", DELETED)
    assert (deleted.of_type("Appointment"), deleted.of_type("Patient")) == (["delete"], ["upsert"])
    assert deleted.one("appt_deleted")["id"] == make("bars", BOOKING).one("appt")["id"]
    withdrawn = make("bars", example("bars", "referral-deleted.xml"))
    assert withdrawn.of_type("ServiceRequest") == ["delete"]
    assert withdrawn.one("req_deleted")["id"] == make("bars", UPDATE).one("req")["id"]


@pytest.mark.parametrize("code", [b"number-present-but-not-traced", b"trace-in-progress"])
def test_whether_an_nhs_number_was_traced_is_told_by_the_code_of_uk_core(code: bytes) -> None:
    body = UPDATE.replace(b"number-present-and-verified", code)
    status = make("bars", body).one("pat")["identifier"][0]["extension"][0]["valueCodeableConcept"]["coding"][0]
    assert status["system"].endswith("StatusEngland")
    assert status["code"] == {b"number-present-but-not-traced": "02", b"trace-in-progress": "06"}[code]


def test_a_patient_of_whom_no_number_is_known_is_the_cases() -> None:
    """The same one through all parts of the sequence; once numbered, the contact is moved to the numbered one."""
    first = make("bars", FIRST)
    again = make("bars", FIRST.replace(b"09:01:00+00:00", b"09:01:30+00:00"))
    assert first.one("pat_unnamed")["id"] == again.one("pat_unnamed")["id"]
    assert by_reference(first, first.one("enc")["subject"]["reference"]) == "pat_unnamed"
    update = make("bars", UPDATE)
    assert by_reference(update, update.one("enc")["subject"]["reference"]) == "pat"


def test_a_patient_who_gets_a_number_within_a_sequence_is_one_person() -> None:
    """Whom the first message of a case knows without a number was merged into whom its update numbers."""
    envelope, source = adapters()["bars"].open(UPDATE)
    (relink,) = family("bars").map(source, envelope, Mint()).relinks
    assert relink.patient == make("bars", FIRST).one("pat_unnamed")["id"]
    assert relink.into == make("bars", UPDATE).one("pat")["id"]


def test_a_conversion_puts_nobody_of_whom_nothing_is_known(tmp_path: Path) -> None:
    """It would take the place of what the first message of the case says of the patient."""
    (tmp_path / "update.json").write_bytes(UPDATE)
    result = CliRunner().invoke(app, ["convert", str(tmp_path / "update.json")])
    patients = [entry["resource"] for entry in json.loads(result.stdout)["entry"] if entry["resource"]["resourceType"] == "Patient"]
    assert [patient["name"][0]["family"] for patient in patients] == ["Ashworth"]


def test_organisations_are_the_same_whoever_names_them() -> None:
    """Under any form of the ODS system."""
    body = UPDATE.replace(b"https://fhir.nhs.uk/id/ods-organization-code", b"http://fhir.nhs.net/Id/ods-organization-code")
    assert make("bars", body).all("org")[0]["id"] == make("bars", UPDATE).all("org")[0]["id"]


def test_nothing_that_it_knows_is_unmapped() -> None:
    for name in EXAMPLES:
        assert {loss.reason for loss in make("bars", example("bars", name)).losses} <= {"not-carried", "unresolved"}, name


def test_a_slot_may_name_its_schedule_as_the_standards_examples_do() -> None:
    """``Schedule``, which R4 does not know."""
    made = make("bars", BOOKING.replace(b'"schedule": {', b'"Schedule": {'))
    assert made.one("slot")["schedule"]["reference"] == f"Schedule/{made.one('sched')['id']}"


def test_a_resource_that_no_row_takes_is_told() -> None:
    body = UPDATE.replace(b'"resourceType": "Device"', b'"resourceType": "Group"')
    assert "unmapped" in {loss.reason for loss in make("bars", body).losses}


FACTS: Final = {
    "REFREQ01": [
        ("header", "reason.coding[0].code", "new"),
        ("req", "status", "active"),
        ("enc", "class.code", "EMER"),
        ("plan", "category[0].coding[0].code", "triage-outcome"),
        ("pat", "name[0].family", "Jones"),
    ],
    "REFREQ8A": [
        ("enc", "status", "in-progress"),
        ("enc", "identifier[0].value", "sender1234"),
        ("enc", "period.start", "2023-12-26T15:00:00+00:00"),
        ("enc", "statusHistory[0].period.start", "2023-12-26T14:59:50+00:00"),
        ("enc", "episodeOfCare[0].identifier.value", "urn:uuid:d877b820-e72b-44d1-a627-195f54bfc606"),
        ("pat_unnamed", "contact[0].telecom[0].value", "0789 1234567"),
        ("req", "authoredOn", "2023-12-26T11:30:00+00:00"),
        ("req", "category[0].coding[1].code", "a6t1"),
        ("flag", "code.coding[0].code", "UNK"),
        ("cond", "code.text", "Arrest/ Peri Arrest"),
        ("proc", "status", "in-progress"),
        ("comm", "payload[0].contentString", "CPR has started with the patient."),
    ],
    "REFREQ8B": [
        ("header", "reason.coding[0].code", "update"),
        ("enc", "status", "in-progress"),
        ("enc#1", "identifier[0].value", "receiver1234"),
        ("pat_unnamed", "name[0].family", "Jones"),
        ("loc_unnamed", "extension[0].extension[3].valueString", "80"),
    ],
    "REFREQ8C": [
        ("pat", "identifier[0].value", "3478526985"),
        ("pat", "identifier[0].extension[0].valueCodeableConcept.coding[0].code", "01"),
        ("pat", "birthDate", "1959-05-04"),
        ("enc", "status", "triaged"),
        ("plan", "activity[0].outcomeCodeableConcept[0].coding[0].code", "SD4212"),
        ("plan", "activity[0].outcomeCodeableConcept[2].coding[0].code", "Dx010"),
        ("plan", "activity[0].outcomeCodeableConcept[3].coding[0].code", "C1"),
        ("flag", "code.coding[0].display", "The Scene is safe"),
    ],
    "REFREQ8D": [
        ("enc", "status", "finished"),
        ("flag", "code.text", "Intoxicated patient"),
        ("loc_unnamed#2", "type[0].coding[0].code", "RLOC"),
    ],
    "VALREQ01": [
        ("req", "occurrencePeriod.end", "2021-11-26T15:20:00+00:00"),
        ("plan", "activity[0].outcomeCodeableConcept[3].coding[0].code", "C3"),
        ("cons", "policyRule.coding[0].code", "IMPLIED"),
    ],
    "VALRESP01B": [
        ("header", "response.code", "ok"),
        ("enc#1", "identifier[0].value", "receiver1234"),
        ("enc#1", "status", "finished"),
        ("enc#1", "reasonCode[0].coding[0].code", "validation-triage-outcome"),
    ],
}


@pytest.mark.parametrize("stem", FACTS)
def test_what_a_clinician_would_say_each_sample_says(shared: Callable[[str], Path], stem: str) -> None:
    (path,) = [one for one in shared("samples/ambulance/bars").glob("*.xml") if re.match(rf"{stem}(?![A-Z0-9])", one.name)]
    made = make("bars", path.read_bytes())
    for label, where, value in FACTS[stem]:
        name, _, place = label.partition("#")
        assert at(made.all(name)[int(place or 0)], where) == value, (label, where)


def test_the_samples_of_a_sequence_are_of_one_request_and_in_order(shared: Callable[[str], Path]) -> None:
    paths = sorted(shared("samples/ambulance/bars").glob("REFREQ8*.xml"))
    made = [make("bars", path.read_bytes()) for path in paths]
    assert len({one.one("req")["id"] for one in made}) == 1
    assert len({one.all("enc")[0]["id"] for one in made}) == 1
    times = [adapters()["bars"].envelope(path.read_bytes()).order.time for path in paths]
    assert times == sorted(set(times))
    assert len({adapters()["bars"].envelope(path.read_bytes()).duplicate for path in paths}) == 4


def test_every_sample_maps_to_valid_r4(shared: Callable[[str], Path]) -> None:
    """What is no message of the standard, such as an example of one resource, no adapter takes."""
    taken = 0
    folders = [
        shared("samples/ambulance/bars"),
        shared("samples/ereferral/bars"),
        shared("samples/ereferral/bars-api/process_message"),
    ]
    for path in sorted(path for folder in folders for path in folder.rglob("*.*") if path.parent.name not in ("CodeSystem",)):
        body = path.read_bytes()
        if adapters()["bars"].recognises(body[:4096]):
            made = make("bars", body)
            taken += 1
            assert made.findings() == [], path.name
            assert made.all("header"), path.name
    assert taken >= 18
