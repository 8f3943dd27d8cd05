"""FHIR resources of a bench: patients with a narrative and what happened to them, synthetic and distinct."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from conformance.bench.data import Data
from conformance.generate.people import People, Person

Json = dict[str, Any]
BASE = "https://fhir.example.org/R4/"
XHTML = "http://www.w3.org/1999/xhtml"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
VERIFICATION = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
VERIFIED = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
PROFILE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"
SNOMED = "http://snomed.info/sct"
UNITS = "http://unitsofmeasure.org"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def patients(seed: int, count: int) -> list[Json]:
    """That many Patients, no two alike."""
    return [patient(person) for person in islice(People(seed), count)]


def patient(person: Person) -> Json:
    """A Patient as UK Core would have it: identifiers with the status of the number, names, addresses, next of kin, a narrative."""
    verified = {"coding": [{"system": VERIFICATION, "code": "01"}]}
    return {
        "resourceType": "Patient",
        "id": f"p{person.serial}",
        "meta": {"versionId": "1", "lastUpdated": "2026-01-05T09:30:00.000Z", "profile": [PROFILE]},
        "text": {"status": "generated", "div": _narrative(person)},
        "identifier": [
            {
                "extension": [{"url": VERIFIED, "valueCodeableConcept": verified}],
                "use": "official",
                "system": NHS_NUMBER,
                "value": person.nhs_number,
            },
            {
                "use": "usual",
                "system": "https://hospital.example.org/number",
                "value": person.hospital_number,
                "assigner": {"display": person.practice.name},
            },
        ],
        "active": True,
        "name": [
            {
                "use": "official",
                "family": person.family,
                "given": [part for part in (person.given, person.middle) if part],
                "prefix": [person.title.capitalize()],
                "period": {"start": str(person.birth_date)},
            },
        ],
        "telecom": [
            {"system": "phone", "value": person.phone, "use": "home", "rank": 1},
            {"system": "email", "value": f"p{person.serial}@example.org", "use": "work"},
        ],
        "gender": "female" if person.sex == "F" else "male",
        "birthDate": str(person.birth_date),
        "address": [
            {
                "use": "home",
                "type": "both",
                "line": [person.address.street],
                "city": person.address.town,
                "district": person.address.county,
                "postalCode": person.address.postcode,
                "period": {"start": "2019-04-01"},
            },
        ],
        "contact": [
            {
                "relationship": [{"text": "Next of kin"}],
                "name": {"family": person.kin.family, "given": [person.kin.given]},
                "telecom": [{"system": "phone", "value": person.kin.phone}],
            },
        ],
        "generalPractitioner": [{"reference": f"Organization/{person.practice.ods}", "display": person.practice.name}],
    }


def bundles(seed: int, count: int, size: int = 50) -> list[Json]:
    """Bundles of one patient each with ``size`` resources: visits, problems, orders and results that refer to each other."""
    return [_bundle(person, size) for person in islice(People(seed), count)]


def _bundle(person: Person, size: int) -> Json:
    resources = [patient(person), *(_event(person, number) for number in range(size - 1))]
    entries = [{"fullUrl": f"{BASE}{each['resourceType']}/{each['id']}", "resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": "2026-01-05T09:30:00Z", "entry": entries}


def _event(person: Person, number: int) -> Json:
    """One of four kinds of resource by its number, each about the patient and the visit before it."""
    kind = ("Encounter", "Observation", "Condition", "MedicationRequest")[number % 4]
    subject = {"reference": f"Patient/p{person.serial}"}
    visit = {"reference": f"Encounter/v{person.serial}-{number - number % 4}"}
    said: Json = {"resourceType": kind, "id": f"{kind[0].lower()}{person.serial}-{number}", "text": _text(kind, person, number)}
    day = f"2025-{1 + number % 12:02d}-{1 + (person.serial + number) % 28:02d}"
    if kind == "Encounter":
        said |= {
            "id": f"v{person.serial}-{number}",
            "status": "finished",
            "class": {"system": ACT, "code": "AMB"},
            "type": [_concept("11429006", "Consultation")],
            "subject": subject,
            "period": {"start": f"{day}T09:00:00Z", "end": f"{day}T09:20:00Z"},
        }
    elif kind == "Observation":
        quantity = {"value": 90 + (person.serial + number) % 60, "unit": "mmHg", "system": UNITS, "code": "mm[Hg]"}
        said |= {
            "status": "final",
            "category": [{"coding": [{"system": CATEGORY, "code": "vital-signs"}]}],
            "code": _concept("271649006", "Systolic blood pressure"),
            "subject": subject,
            "encounter": visit,
            "effectiveDateTime": f"{day}T09:10:00Z",
            "valueQuantity": quantity,
            "referenceRange": [{"low": {**quantity, "value": 90}, "high": {**quantity, "value": 120}}],
        }
    elif kind == "Condition":
        said |= {
            "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "active"}]},
            "code": _concept("38341003", "Hypertensive disorder"),
            "subject": subject,
            "encounter": visit,
            "onsetDateTime": day,
            "recordedDate": day,
        }
    else:
        daily = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
        said |= {
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": _concept("319775004", "Aspirin 75 mg oral tablet"),
            "subject": subject,
            "encounter": visit,
            "authoredOn": day,
            "dosageInstruction": [{"text": "One a day", "timing": daily, "asNeededBoolean": False}],
        }
    return said


def _concept(code: str, display: str) -> Json:
    return {"coding": [{"system": SNOMED, "code": code, "display": display}], "text": display}


def _text(kind: str, person: Person, number: int) -> Json:
    return {"status": "generated", "div": f'<div xmlns="{XHTML}"><p><b>{kind}</b> {number} of {person.spoken}</p></div>'}


def _narrative(person: Person) -> str:
    rows = {"Name": person.spoken, "Born": str(person.birth_date), "Address": person.address.street, "Town": person.address.town}
    cells = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows.items())
    return f'<div xmlns="{XHTML}"><table><tbody>{cells}</tbody></table></div>'


class Resources(Data):
    """The data of a bench that makes its resources in memory; nothing is written."""

    def __str__(self) -> str:
        return f"{self.count:,} distinct Patients, a tenth as many Bundles, seed {self.seed}"


def made(path: Path, seed: int, count: int, trigger: str = "") -> Resources:
    """The facts of such data; ``path`` is left empty and ``trigger`` means nothing here."""
    path.touch()
    return Resources(path, seed, count, 0.0, [])
