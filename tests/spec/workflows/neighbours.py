"""Those whom the shorter stories are about, the records that their practice keeps, and who looks after them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import orjson

from conformance.examples.cast import GP
from conformance.examples.cast import PRACTICE as SURGERY
from conformance.generate import clinical, emis
from conformance.generate.numbers import CAPACITY, nhs_number
from conformance.generate.people import Address, Kin, Person
from conformance.generate.record import Entry, Problem, Record
from conformance.generate.words import COUNTY
from tests.spec.workflows.cast import (
    CREWS,
    DOCTOR,
    HOSPITAL,
    LOCALITY,
    LOCALITY_SYSTEM,
    MATRON,
    OAKSHAW,
    PRACTICE_SYSTEM,
    STRANGER,
    TEAM,
    Actor,
    by,
)
from tests.spec.workflows.fhir import parameters, team
from tests.spec.workflows.telling import Story

PRACTICE = Actor("Oakshaw's mailbox", "gp", OAKSHAW, mail="post@oakshaw.example")
"""Where whoever is on duty at the practice reads."""
SECOND_CREW = Actor("Second crew", "ambulance-clinician", CREWS)
OFFICER = Actor("Privacy officer", "privacy-officer", OAKSHAW)
PRIVACY_OFFICE = Actor("Privacy office's screen", "", OAKSHAW)

_FIRST = CAPACITY - 900  # serials that neither a seed nor the example day uses


DIRECTORY = "https://community.example/R4"

VERIFIED = {
    "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
    "valueCodeableConcept": {
        "coding": [
            {
                "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus",
                "code": "number-present-and-verified",
            }
        ]
    },
}


def _person(number: int, title: str, given: str, family: str, born: date, sex: str, street: str) -> Person:
    serial = _FIRST + number
    return Person(
        serial=serial,
        nhs_number=nhs_number(serial),
        hospital_number=f"E{1_000_000 + serial}",
        title=title,
        given=given,
        middle="",
        family=family,
        maiden="",
        birth_date=born,
        sex=sex,
        address=Address(street, "Eastmere", COUNTY, "QX1 5PT"),
        phone=f"01632960{500 + number}",
        mobile="",
        marital="W",
        religion="",
        ethnic="A",
        language="en",
        practice=SURGERY,
        gp=GP,
        kin=Kin("MISS", "Imelda", family, "9", f"07700900{500 + number}"),
    )


MAVIS = _person(4, "MRS", "Mavis", "Rudderham", date(1944, 5, 7), "F", "6 Cooper's Yard")
"""Of whom a crew asks, and who has not said whether she shares."""
HAROLD = _person(5, "MR", "Harold", "Pentney", date(1941, 2, 19), "M", "31 Saltmarsh Lane")
"""Who comes to A&E again and again."""
JOYCE = _person(6, "MRS", "Joyce", "Lethbury", date(1947, 10, 30), "F", "2 Tannery Row")
"""Who is admitted, goes home and is back."""
ERNEST = _person(10, "MR", "Ernest", "Mallinder", date(1938, 7, 4), "M", "Saltmarsh House, 1 Saltmarsh Lane")
"""A new resident of a care home."""
WINIFRED = _person(11, "MISS", "Winifred", "Orpwood", date(1936, 12, 11), "F", "19 Almoner's Close")
"""Who wants to die at home."""
ARTHUR = _person(13, "MR", "Arthur", "Sallows", date(1950, 3, 23), "M", "8 Ferryman's Way")
"""Who weighs himself each morning, and a machine tells of it."""


def kept(person: Person, today: date, *entries: Entry) -> bytes:
    """What the practice has of somebody, as OpenHR: a problem, two medicines, an allergy, and what is said beside these."""
    record = Record(person, date(2009, 6, 1))
    record.problems = [
        Problem("problem/pressure", clinical.HYPERTENSION, today - timedelta(days=3900), GP, about=("course/pressure",)),
        Problem("problem/heart", clinical.PROBLEMS[7], today - timedelta(days=900), GP),
    ]
    since = today - timedelta(days=400)
    record.loose = [
        Entry("course/pressure", "MED", clinical.HYPERTENSION, since, GP, medicine=clinical.RAMIPRIL),
        Entry("course/pain", "MED", clinical.PROBLEMS[5], since, GP, medicine=clinical.PARACETAMOL),
        Entry("allergy/penicillin", "ALL", clinical.PENICILLIN, date(1988, 5, 2), GP, "Swelling of the face."),
        *entries,
    ]
    return emis.document(record, datetime.combine(today, time(6, 40)))


async def agreed(story: Story) -> None:
    """Everybody has signed; those who may be told have mailboxes."""
    await story.agree(OAKSHAW, HOSPITAL, CREWS, LOCALITY)
    await story.staff(DOCTOR, MATRON, TEAM, STRANGER)
    story.people[PRACTICE.mail] = PRACTICE


async def known(story: Story, person: Person, *entries: Entry) -> str:
    """Somebody whose record the practice has sent; the id of their Patient there. The practice has a mailbox in the directory."""
    await story.sends(PRACTICE_SYSTEM, f"the record of {person.spoken}", kept(person, story.local().date(), *entries))
    (patient,) = await story.patients(person.nhs_number)
    story.ids["patient"] = patient
    if story.ids.setdefault("directory", patient) == patient:
        await story.sends(LOCALITY_SYSTEM, "where the practice and its doctor read", directory(story.instant()))
    return patient


def directory(now: str) -> bytes:
    """Where the practice and its doctor read what they are told."""
    mailbox = [{"system": "email", "value": PRACTICE.mail, "use": "work"}]
    surgery = {"resourceType": "Organization", "id": "surgery", "name": SURGERY.name, "identifier": [by(OAKSHAW)["identifier"]]}
    doctor = {
        "resourceType": "Practitioner",
        "id": "doctor",
        "identifier": [{"system": "https://fhir.hl7.org.uk/Id/gmp-number", "value": GP.code}],
        "telecom": [{"system": "email", "value": DOCTOR.mail, "use": "work"}],
    }
    made = [surgery | {"telecom": mailbox}, doctor]
    entry = [{"fullUrl": f"{DIRECTORY}/{each['resourceType']}/{each['id']}", "resource": each} for each in made]
    bundle = {"resourceType": "Bundle", "meta": {"source": DIRECTORY}, "type": "collection", "timestamp": now, "entry": entry}
    return orjson.dumps(bundle)


async def cared_for(story: Story, person: Person, *entries: Entry) -> str:
    """The same of somebody who shares, and of whom the locality team takes care."""
    patient = await known(story, person, *entries)
    await story.consents(DOCTOR, patient)
    clinician = {"reference": f"Practitioner/{story.ids[MATRON.name]}"}
    ours = team(patient, "Locality team", by(LOCALITY), TEAM.mail, clinician)
    await story.asks(DOCTOR, "the locality team takes care of them, and the matron answers", "POST", "/fhir/CareTeam", ours)
    return patient


def absences(bundle: dict[str, Any]) -> list[str]:
    """What is not in an answer and why, in words, save what is stale; that people are withheld comes first."""
    outcomes = [each["resource"] for each in bundle.get("entry", []) if each["resource"]["resourceType"] == "OperationOutcome"]
    words = [issue["details"]["text"] for each in outcomes for issue in each["issue"]]
    return sorted(
        (each for each in words if not each.startswith("stale")), key=lambda each: (not each.startswith("withheld"), each)
    )


def agreement(source: str, status: str = "active", purpose: str = "direct-care") -> dict[str, Any]:
    """What one organisation contributes may be used by all who take part."""
    return parameters(source=source, status=status, purpose=purpose)


def parts(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The parts of each parameter of a name: by name their values."""
    found = []
    for each in answer["parameter"]:
        if each["name"] == name:
            found.append({part["name"]: next(value for key, value in part.items() if key != "name") for part in each["part"]})
    return found
