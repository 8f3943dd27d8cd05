"""The data of the bench: thirteen resources a patient, linked by references, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from conformance.bench.resources import patient
from conformance.bench.serving.sharing import Json, consent, registered
from conformance.generate.clinical import DRUG_ALLERGIES, MEDICINES, PROBLEMS
from conformance.generate.people import EPOCH, People, Person, pick, randomness
from conformance.generate.places import GPS, PRACTICES

EACH = 13
"""Resources a patient."""
TOPIC = 7
SNOMED, LOINC, UCUM = "http://snomed.info/sct", "http://loinc.org", "http://unitsofmeasure.org"
LOCATIONS = 20
MEASURED = (
    ("8302-2", "Body height", "cm", 150, 40),
    ("29463-7", "Body weight", "kg", 50, 60),
    ("72514-3", "Pain severity", "{score}", 0, 10),
)
"""LOINC code, its words, unit, least value, spread."""
PROCEDURES = (
    ("91251008", "Physical therapy procedure"),
    ("182836005", "Review of medication"),
    ("86198006", "Influenza vaccination"),
)


def shared() -> list[Json]:
    """What patients have in common: practices, their practitioners, locations."""
    found: list[Json] = []
    for at, (practice, gp) in enumerate(zip(PRACTICES, GPS, strict=True)):
        found.append({"resourceType": "Organization", "id": f"o{at}", "name": practice.name})
        name = {"family": gp.family, "given": [gp.given], "prefix": [gp.title]}
        found.append({"resourceType": "Practitioner", "id": f"d{at}", "name": [name]})
    found += [{"resourceType": "Location", "id": f"l{at}", "name": f"Room {at + 1}", "status": "active"} for at in range(LOCATIONS)]
    return found


def records(seed: int, count: int) -> Iterator[list[Json]]:
    """The resources of each patient, the Patient first."""
    people = People(seed)
    for index in range(count):
        yield record(people[index], seed, index)


def record(person: Person, seed: int, index: int) -> list[Json]:
    """One patient's thirteen resources."""
    random = randomness(seed, index, TOPIC)
    draw = random.random
    who = patient(person)
    del who["meta"]
    who["generalPractitioner"] = [{"reference": f"Practitioner/d{PRACTICES.index(person.practice)}"}, registered(person)]
    key = who["id"]
    subject = {"reference": f"Patient/{key}"}
    days = [EPOCH - timedelta(days=int(2400 * draw())) for _ in range(4)]
    problem = pick(random, PROBLEMS)
    medicine = pick(random, MEDICINES)
    allergy = pick(random, DRUG_ALLERGIES)
    encounters = [_encounter(f"{key}-e{at}", subject, days[at], int(len(GPS) * draw()), int(LOCATIONS * draw())) for at in (0, 1)]
    seen = {"reference": f"Encounter/{key}-e0"}
    code, name, unit, low, spread = pick(random, MEASURED)
    value = low + int(10 * spread * draw()) / 10
    procedure = pick(random, PROCEDURES)
    return [
        who,
        *encounters,
        {
            "resourceType": "Condition",
            "id": f"{key}-c",
            "clinicalStatus": _coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
            "verificationStatus": _coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
            "code": _coded(SNOMED, problem.snomed, problem.display),
            "subject": subject,
            "encounter": seen,
            "onsetDateTime": str(days[2]),
        },
        {
            "resourceType": "AllergyIntolerance",
            "id": f"{key}-a",
            "clinicalStatus": _coded("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active"),
            "code": _coded("http://hl7.org/fhir/sid/icd-10", allergy[0], allergy[1]),
            "patient": subject,
            "recordedDate": str(days[0]),
        },
        {
            "resourceType": "MedicationStatement",
            "id": f"{key}-s",
            "status": "active",
            "medicationCodeableConcept": {"text": medicine.name},
            "subject": subject,
            "effectivePeriod": {"start": str(days[3])},
            "dosage": [{"text": medicine.dosage}],
        },
        {
            "resourceType": "MedicationRequest",
            "id": f"{key}-m",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": {"text": medicine.name},
            "subject": subject,
            "encounter": seen,
            "authoredOn": str(days[0]),
        },
        {
            "resourceType": "Procedure",
            "id": f"{key}-p",
            "status": "completed",
            "code": _coded(SNOMED, *procedure),
            "subject": subject,
            "encounter": seen,
            "performedDateTime": str(days[0]),
        },
        observation(f"{key}-o", subject, days[1], _coded(LOINC, code, name)) | {"valueQuantity": _measure(value, unit)},
        observation(f"{key}-b", subject, days[0], _coded(LOINC, "85354-9", "Blood pressure panel"))
        | {
            "component": [
                {"code": _coded(LOINC, "8480-6", "Systolic"), "valueQuantity": _measure(100 + int(70 * draw()), "mm[Hg]")},
                {"code": _coded(LOINC, "8462-4", "Diastolic"), "valueQuantity": _measure(55 + int(45 * draw()), "mm[Hg]")},
            ]
        },
        {
            "resourceType": "CarePlan",
            "id": f"{key}-l",
            "status": "active",
            "intent": "plan",
            "title": f"Plan for {problem.display}",
            "category": [_coded(SNOMED, "734163000", "Care plan")],
            "subject": subject,
            "period": {"start": str(days[2])},
            "addresses": [{"reference": f"Condition/{key}-c"}],
            "activity": [{"detail": {"status": "scheduled", "description": "Review with the practice nurse"}}],
        },
        _appointment(f"{key}-t", subject, EPOCH + timedelta(days=int(400 * draw()) - 200), int(LOCATIONS * draw())),
        consent(key, f"{EPOCH - timedelta(days=400)}"),
    ]  # fmt: skip


def observation(id_: str, subject: Json, on: date, code: Json) -> Json:
    """An Observation without its value."""
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "category": [_coded("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")],
        "code": code,
        "subject": subject,
        "effectiveDateTime": f"{on}T09:30:00Z",
    }


def _encounter(id_: str, subject: Json, on: date, doctor: int, room: int) -> Json:
    return {
        "resourceType": "Encounter",
        "id": id_,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": subject,
        "participant": [{"individual": {"reference": f"Practitioner/d{doctor}"}}],
        "period": {"start": f"{on}T09:00:00Z", "end": f"{on}T09:20:00Z"},
        "location": [{"location": {"reference": f"Location/l{room}"}}],
    }


def _appointment(id_: str, subject: Json, on: date, room: int) -> Json:
    return {
        "resourceType": "Appointment",
        "id": id_,
        "status": "booked",
        "start": f"{on}T10:00:00Z",
        "end": f"{on}T10:15:00Z",
        "participant": [
            {"actor": subject, "status": "accepted"},
            {"actor": {"reference": f"Location/l{room}"}, "status": "accepted"},
        ],
    }


def _coded(system: str, code: str, display: str = "") -> Json:
    coding = {"system": system, "code": code}
    return {"coding": [coding | {"display": display} if display else coding]}


def _measure(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def transaction(resources: list[Json]) -> Json:
    """A Bundle that puts resources by their ids."""
    entries = [
        {
            "fullUrl": f"https://fhir.example.org/{each['resourceType']}/{each['id']}",
            "resource": each,
            "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
        }
        for each in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
