"""e-RS resources in FHIR STU3: eRS-ReferralRequest-1 and eRS-Appointment-1 (NHS e-Referral Service API)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from conformance.generate.clinical import Specialty
from conformance.generate.people import Person
from conformance.generate.uk import utc

_STU3 = "https://fhir.nhs.uk/STU3"
_CARE_CONNECT = "https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-Appointment-1"
SERVICE = "http://fhir.nhs.net/Id/ers-service"
NHS = "http://fhir.nhs.net/Id/nhs-number"


@dataclass(slots=True)
class Referral:
    """A referral: its UBRN (12 digits), service, priority (ROUTINE, URGENT, TWO_WEEK_WAIT), state and version."""

    ubrn: str
    service: Specialty
    made: datetime
    priority: str = "ROUTINE"
    state: str = "NOT_BOOKED"
    version: int = 1
    letter: str = ""
    needs: tuple[str, ...] = ()


@dataclass(slots=True)
class Appointment:
    """An e-RS appointment: number, referral, start, minutes, status (booked, cancelled ...), when last changed, comment."""

    number: str
    referral: Referral
    starts: datetime
    changed: datetime
    minutes: int = 30
    status: str = "booked"
    version: int = 0
    comment: str = ""
    clinician: str = ""
    """SDS user id of a named clinician."""


def instant(at: datetime) -> str:
    """A time as e-RS writes it."""
    return f"{utc(at):%Y-%m-%dT%H:%M:%S}.000Z"


def _coding(system: str, code: str, display: str = "") -> dict[str, str]:
    coding = {"system": f"{_STU3}/CodeSystem/{system}", "code": code}
    return coding | {"display": display} if display else coding


def extension(name: str, **value: object) -> dict[str, Any]:
    """An extension of the service by its name."""
    return {"url": f"{_STU3}/StructureDefinition/Extension-eRS-{name}-1", **value}


def coded(name: str, code: str) -> dict[str, str]:
    """A coding of one of the service's code systems."""
    return _coding(f"eRS-{name}-1", code, code.replace("_", " ").capitalize())


def referral(person: Person, r: Referral) -> bytes:
    """A ReferralRequest, its shortlist, search criteria and letter contained. Its id is the UBRN."""
    criteria = [
        {"name": "priority", "valueCoding": _coding("eRS-Priority-1", r.priority)},
        {"name": "specialty", "valueCoding": _coding("SPECIALTY", r.service.code)},
        {"name": "clinicType", "valueCoding": _coding("eRS-ClinicType-1", r.service.clinic)},
        {"name": "postcode", "valueString": person.address.postcode},
    ]
    service = {"identifier": {"system": SERVICE, "value": r.service.service}, "display": r.service.name}
    contained: list[dict[str, Any]] = [
        {
            "id": "serviceSearchCriteria",
            "meta": {"profile": [f"{_STU3}/StructureDefinition/eRS-ServiceSearchCriteria-Parameters-1"]},
            "resourceType": "Parameters",
            "parameter": criteria,
        },
        {
            "id": "shortlist",
            "meta": {"profile": [f"{_STU3}/StructureDefinition/eRS-Shortlist-List-1"]},
            "resourceType": "List",
            "extension": [extension("Shortlist-SearchCriteria", valueReference={"reference": "#serviceSearchCriteria"})],
            "status": "current",
            "mode": "snapshot",
            "entry": [{"item": service}],
        },
    ]
    letter: list[dict[str, str]] = []
    if r.letter:
        contained.append(_letter(person, r))
        letter = [{"reference": f"#DocumentReference-{r.ubrn}"}]
    state = {"url": "state", "valueCoding": coded("ReferralState", r.state)}
    body: dict[str, Any] = {
        "id": r.ubrn,
        "meta": {"versionId": str(r.version), "profile": [f"{_STU3}/StructureDefinition/eRS-ReferralRequest-1"]},
        "resourceType": "ReferralRequest",
        "extension": [
            extension("ClinicalInfoFirstSubmitted", valueDateTime=instant(r.made)),
            extension("eReferralPathwayStart", valueInstant=instant(r.made)),
            extension("ReferralPriority", valueCodeableConcept={"coding": [coded("Priority", r.priority)]}),
            extension("ReferralShortlist", valueReference={"reference": "#shortlist"}),
            extension(
                "Commissioning-Rule-Org",
                valueIdentifier={"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": person.practice.ods},
            ),
            extension("ReferralState", extension=[state]),
            *(extension("PatientAdditionalRequirement", valueCoding=coded("AdditionalRequirementType", need)) for need in r.needs),
        ],
        "contained": contained,
        "status": "active",
        "specialty": {"coding": [_coding("SPECIALTY", r.service.code, r.service.display)]},
        "subject": {"identifier": {"system": NHS, "value": person.nhs_number}},
        "supportingInfo": letter,
        "intent": "plan",
    }
    if not letter:
        del body["supportingInfo"]
    return orjson.dumps(body)


def _letter(person: Person, r: Referral) -> dict[str, Any]:
    title = f"referral-{r.ubrn}.pdf"
    attached = {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": person.practice.ods}}
    return {
        "id": f"DocumentReference-{r.ubrn}",
        "meta": {"profile": [f"{_STU3}/StructureDefinition/eRS-DocumentReference-1"]},
        "resourceType": "DocumentReference",
        "type": {"coding": [_coding("eRS-AttachmentType-1", "REFERRER", "Referrer")]},
        "status": "current",
        "indexed": instant(r.made),
        "description": r.letter,
        "content": [
            {
                "attachment": {
                    "id": r.ubrn[-6:],
                    "extension": [
                        extension("AvailabilityStatus", valueCoding=_coding("eRS-AvailabilityStatus-1", "AVAILABLE")),
                        extension("AttachedByOrganisation", valueReference=attached),
                    ],
                    "contentType": "application/pdf",
                    "url": f"Binary/{r.ubrn}",
                    "size": 20480,
                    "title": title,
                    "creation": f"{r.made:%Y-%m-%d}",
                }
            }
        ],
    }


def appointment(person: Person, a: Appointment) -> bytes:
    """An Appointment of the service and the person, from a referral."""
    service = {"identifier": {"system": SERVICE, "value": a.referral.service.service}}
    participants: list[dict[str, Any]] = [
        {"actor": service | {"display": a.referral.service.name}, "status": "accepted"},
        {"actor": {"identifier": {"system": NHS, "value": person.nhs_number}}, "status": "accepted"},
    ]
    if a.clinician:
        kind = {"coding": [{"system": "http://hl7.org/fhir/ValueSet/encounter-participant-type", "code": "CON"}]}
        user = {"identifier": {"system": "http://fhir.nhs.net/Id/sds-user-id", "value": a.clinician}}
        participants.append({"type": [kind], "actor": user, "status": "accepted"})
    profiles = [f"{_STU3}/StructureDefinition/eRS-Appointment-1", _CARE_CONNECT]
    body: dict[str, Any] = {
        "id": a.number,
        "meta": {"versionId": str(a.version), "profile": profiles},
        "language": "en",
        "resourceType": "Appointment",
        "status": a.status,
        "description": "e-Referral Appointment",
        "start": instant(a.starts),
        "end": instant(a.starts + timedelta(minutes=a.minutes)),
        "slot": [{"reference": f"Slot/{a.number}1"}],
        "created": instant(a.changed),
        "incomingReferral": [{"reference": f"ReferralRequest/{a.referral.ubrn}/_history/{a.referral.version}"}],
        "participant": participants,
    }
    if a.comment:
        body["comment"] = a.comment
    return orjson.dumps(body)
