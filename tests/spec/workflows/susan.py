"""Susan, 57: an admission and back."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from conformance.examples.cast import GP, susan
from conformance.generate import adt, clinical, emis
from conformance.generate.adt import Envelope, Registration
from conformance.generate.clinical import Illness, Medicine
from conformance.generate.itk import Booking, Visit
from conformance.generate.places import OPERATORS, WARDS, Ward
from conformance.generate.record import Entry, Problem, Record
from tests.spec.workflows.cast import (
    DESK,
    DOCTOR,
    HOSPITAL,
    HOSPITAL_SYSTEM,
    LETTERS,
    LOCALITY,
    LOCALITY_SYSTEM,
    OAKSHAW,
    PHARMACY,
    PRACTICE_SYSTEM,
    STRANGER,
    TEAM,
    Actor,
    by,
)
from tests.spec.workflows.fhir import coded, matches, message, nothing, only, parameters, team
from tests.spec.workflows.neighbours import PRACTICE
from tests.spec.workflows.neighbours import directory as mailboxes
from tests.spec.workflows.telling import Step, Story, telling

TITLE = "2. Admission and back: Susan"
ABOUT = (
    "Susan is 57, teaches, and has her knee operated on. Her blood form and its result, the stay, what it did to her medicines, "
    "the letter, the nurse's visit and the choice of physiotherapy are told by five systems; her GP, the community team, the "
    "pharmacy and she herself each hear of what is theirs, once."
)
SHORT = (
    "Her GP has two e-mails of one letter: that it is there, and that her medicines have changed. Each is a rule of its own.",
    "There is no search for what is open at a time: sites say their hours, and slots are searched by their start.",
    "Whoever books does not take the slot: it stays free until its owner's system says that it is not.",
    "The nurse's visit comes as the hospital's diary tells of it (SIU); nothing tells Susan of a booking by text message.",
    "What changed is read from the letter; an electronic prescription would be one more source (MedicationRequest) of the same.",
)
ITK3 = "/itk3/$process-message"
SNOMED = "http://snomed.info/sct"
TODAY = date(2026, 1, 5)
NAPROXEN = Medicine("NAPR9010", "Naproxen 250mg tablets", "ONE TO BE TAKEN TWICE A DAY WITH FOOD", "56", "tablet", 28)
INHALER = clinical.MEDICINES[6]
KNEE = Illness("M23.2", "Derangement of meniscus due to old tear", "W82.2", "Endoscopic resection of semilunar cartilage", "HAZ")
NURSES = Ward("DNURSE", "District nurses", "N01", WARDS[2].consultant)


def record() -> bytes:
    """What her practice knows, as OpenHR."""
    made = Record(susan(TODAY), date(2015, 2, 9))
    made.problems = [Problem("problem/knee", clinical.KNEE, date(2024, 12, 1), GP, about=("course/naproxen",))]
    made.loose = [
        Entry("course/naproxen", "MED", clinical.KNEE, date(2025, 6, 19), GP, medicine=NAPROXEN),
        Entry("course/inhaler", "MED", clinical.PROBLEMS[3], date(2024, 2, 5), GP, medicine=INHALER),
    ]
    return emis.document(made, datetime(2026, 1, 5, 9, 55))


def stay(*, over: bool = False) -> bytes:
    """A01 and A03 of her stay, planned for the day."""
    who = Registration.of(susan(TODAY))
    visit = Visit("V57000101", WARDS[2], "B12", KNEE, datetime(2026, 1, 13, 7, 25), arrival="C", method="12")
    if not over:
        return adt.admit(who, visit, Envelope("S5700001", datetime(2026, 1, 13, 7, 30), 1, OPERATORS[0]))
    out = datetime(2026, 1, 13, 18, 20)
    return adt.discharge(who, visit._replace(discharged=out), Envelope("S5700002", datetime(2026, 1, 13, 18, 25), 2, OPERATORS[0]))


def visit() -> bytes:
    """S12: the nurse comes in a time slot."""
    booking = Booking("APS57001", NURSES, datetime(2026, 1, 16, 10, 20), 20, "Wound check at home")
    return adt.schedule(
        "S12", Registration.of(susan(TODAY)), booking, Envelope("S5700003", datetime(2026, 1, 14, 9, 30), 3, OPERATORS[2])
    )


async def story(directory: Path) -> list[Step]:
    """Her story, over two weeks."""
    async with telling(directory, ("pharmacy", "", PHARMACY)) as here:
        await here.agree(OAKSHAW, HOSPITAL, LOCALITY)
        await here.staff(TEAM, STRANGER)
        here.people |= {PRACTICE.mail: PRACTICE, DOCTOR.mail: DOCTOR}
        await here.sends(PRACTICE_SYSTEM, "her record: a bad knee, naproxen, an inhaler", record())
        await here.sends(LOCALITY_SYSTEM, "mailboxes of the practice and its doctor", mailboxes(here.instant()))
        (patient,) = await here.patients(susan(TODAY).nhs_number)
        here.people[susan(TODAY).mobile] = herself(patient)
        here.ids["patient"] = patient
        await _before(here, patient)
        await _operated(here, patient)
        await _home(here, patient)
        return here.steps


async def _before(here: Story, patient: str) -> None:
    """The blood form and its result."""
    me = herself(patient)
    await here.asks(
        DOCTOR, "takes down that she wants her record shared", "POST", f"/fhir/Patient/{patient}/$record-consent",
        parameters(decision="given"), answer=lambda said: "recorded",
    )  # fmt: skip
    clinician = {"reference": f"Practitioner/{await here.has('Practitioner', GP.code)}"}
    ours = team(patient, "Locality team", by(LOCALITY), TEAM.mail, clinician)
    ours["participant"][0]["onBehalfOf"] = by(OAKSHAW)
    ours["participant"].append({"role": [{"text": "Nominated pharmacy"}], "member": by(PHARMACY.organisation)})
    await here.asks(DOCTOR, "the locality team will support her at home; the GP answers for her", "POST", "/fhir/CareTeam", ours)
    form = {
        "resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": {"reference": f"Patient/{patient}"},
        "identifier": [{"system": "urn:example:orders", "value": "P570001"}], "code": {"text": "Full blood count"},
        "authoredOn": here.instant(), "requester": by(OAKSHAW), "performer": [by(HOSPITAL)],
    }  # fmt: skip
    await here.asks(DOCTOR, "the blood form", "POST", "/fhir/ServiceRequest", form)
    await here.asks(
        me, "reads the blood form", "GET", f"/fhir/ServiceRequest?patient={patient}",
        answer=lambda said: only([each["code"]["text"] for each in matches(said)]),
    )  # fmt: skip
    await here.until("the next day", "2026-01-06T15:00")
    await here.sends(HOSPITAL_SYSTEM, "the result (ORU)", message("susan-blood.hl7"), port="MLLP", told=[(DOCTOR, "result-told")])
    await here.asks(
        me, "reads the result", "GET", f"/fhir/Observation?patient={patient}&category=laboratory",
        answer=lambda said: only([value(each) for each in matches(said)], "Haemoglobin 131 g/L"),
    )  # fmt: skip


async def _operated(here: Story, patient: str) -> None:
    """Admitted, discharged, and the letter."""
    practice = [DOCTOR, PRACTICE]
    await here.until("the day of the operation", "2026-01-13T07:30")
    await here.sends(
        HOSPITAL_SYSTEM, "admitted (A01)", stay(), port="MLLP", told=[(each, "admitted-told") for each in practice],
        made=["admitted-team -> CareTeam", "clock discharge: running", "clock expected-discharge-date: met"],
    )  # fmt: skip
    await here.until("she is home the same evening", "2026-01-13T18:25")
    await here.sends(
        HOSPITAL_SYSTEM, "discharged (A03)", stay(over=True), port="MLLP", told=[(each, "discharged-told") for each in practice],
        made=["clock discharge: met", "clock medicines-review: running", "discharged-team -> CareTeam"],
    )  # fmt: skip
    await here.until("the next morning", "2026-01-14T09:00")
    letter = message("susan-letter.json", inhaler=INHALER.name, dose=INHALER.dosage)
    await here.sends(
        LETTERS, "the discharge letter, with what was changed", letter, port=ITK3,
        told=[(DOCTOR, "letter-told"), (DOCTOR, "medicines-told"), (PRACTICE, "medicines-told"),
              (herself(patient), "medicines-told-person"), (PHARMACY, "route pharmacy")],
    )  # fmt: skip
    await here.sends(LETTERS, "the same letter again", letter, port=ITK3, accepted=lambda answer: answer.status_code == 409)
    path = f"/fhir/Patient/{patient}/$medication-changes"
    said = ["New medicines: Co-codamol 30 mg/500 mg tablets", "Medicines that were stopped: Naproxen 250 mg tablets"]
    await here.asks(
        herself(patient),
        "what has become of my medicines?",
        "GET",
        f"{path}?for=patient",
        answer=lambda answer: changed(answer, *said),
    )
    said = ["Started: Co-codamol 30mg/500mg tablets", "Stopped: Naproxen 250mg tablets"]
    for who in (DOCTOR, PHARMACY):
        await here.asks(who, "what has become of her medicines?", "GET", path, answer=lambda answer: changed(answer, *said))


async def _home(here: Story, patient: str) -> None:
    """A nurse in a time slot, physiotherapy at one of two sites in the evening, a review of medicines."""
    await here.sends(HOSPITAL_SYSTEM, "the nurse's visit (SIU)", visit(), port="MLLP")
    await here.sends(LOCALITY_SYSTEM, "two sites for physiotherapy and what is free there", message("susan-physiotherapy.json"))
    await here.asks(
        DESK, "which sites are there?", "GET", "/fhir/HealthcareService?service-type=722138006",
        answer=lambda said: "; ".join(sorted(each["name"] for each in matches(said))),
    )  # fmt: skip
    found = await here.asks(
        DESK,
        "what is free there in the evening?",
        "GET",
        "/fhir/Slot?status=free&start=ge2026-01-19T17:00:00Z&_sort=start",
        answer=free,
    )
    slot = matches(found)[0]
    booked = {
        "resourceType": "Appointment", "status": "booked", "description": "Physiotherapy, Wetherham",
        "slot": [{"reference": f"Slot/{slot['id']}"}], "start": slot["start"], "end": slot["end"],
        "participant": [{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}],
    }  # fmt: skip
    await here.asks(DESK, "books the evening at Wetherham, as she wishes", "POST", "/fhir/Appointment", booked)
    await here.asks(
        herself(patient), "when does somebody come, where do I go?", "GET", f"/fhir/Appointment?patient={patient}&_sort=date",
        answer=lambda said: "; ".join(times(each) for each in matches(said)),
    )  # fmt: skip
    await here.until(
        "on the fifth day nobody has looked at her medicines", "2026-01-18T18:20",
        told=[(TEAM, "medicines-review warned")], made=["clock medicines-review: warned"],
    )  # fmt: skip
    await here.until("the day after", "2026-01-19T11:00")
    review = {
        "resourceType": "Procedure", "status": "completed", "code": coded("182836005", SNOMED), "performedDateTime": here.instant(),
        "subject": {"reference": f"Patient/{patient}"},
    }  # fmt: skip
    await here.asks(
        DOCTOR, "has gone through her medicines with her", "POST", "/fhir/Procedure", review, made=["clock medicines-review: met"]
    )
    await here.asks(
        STRANGER, "looks for her stay", "GET", f"/fhir/Encounter?patient={patient}", answer=lambda said: nothing(matches(said))
    )
    await here.passes("a month goes by", days=30)


def herself(patient: str) -> Actor:
    """Susan, who signs on as a patient."""
    return Actor("Susan", "patient", patient=patient)


def changed(said: dict[str, Any], *wanted: str) -> str:
    """What became of each medicine, these among them."""
    sections = said["entry"][0]["resource"]["section"]
    found = [f"{section['title']}: {line['title']}" for section in sections for line in section.get("section", [])]
    assert set(wanted) < set(found)
    assert len(found) == 3, found
    return "; ".join(found)


def free(said: dict[str, Any]) -> str:
    """The slots of the evening at both sites; what is taken is none."""
    found = [each["start"] for each in matches(said)]
    assert found == ["2026-01-19T18:30:00Z", "2026-01-20T19:00:00Z"]
    return "; ".join(found)


def times(appointment: dict[str, Any]) -> str:
    """From when until when something is."""
    return f"{appointment.get('description', '')} {appointment['start']} to {appointment['end']}".strip()


def value(observation: dict[str, Any]) -> str:
    """A result in words."""
    quantity = observation["valueQuantity"]
    return f"{observation['code']['text']} {quantity['value']} {quantity['unit']}"
