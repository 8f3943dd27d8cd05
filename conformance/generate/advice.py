"""Advice and guidance of e-RS in FHIR STU3 (eRS-CommunicationRequest-1, eRS-Communication-1); worklists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from conformance.generate.clinical import Specialty
from conformance.generate.people import Person
from conformance.generate.stu3 import NHS, SERVICE, Referral, coded, extension, instant

_USER = "http://fhir.nhs.net/Id/sds-user-id"
_PROFILES = "https://fhir.nhs.uk/STU3/StructureDefinition"
_ASKING, _ANSWERING = "990000000017", "990000000033"


@dataclass(slots=True)
class Advice:
    """A request for advice: its UBRN (12 digits), service, when it was made, what is asked and answered, and its version."""

    ubrn: str
    service: Specialty
    made: datetime
    question: str
    answer: str = ""
    version: int = 1


def request(person: Person, a: Advice) -> bytes:
    """A CommunicationRequest, whose turn it is in its category."""
    turn = "REFERRER_RESPONSE_REQUIRED" if a.answer else "PROVIDER_RESPONSE_REQUIRED"
    body: dict[str, Any] = {
        "id": a.ubrn,
        "meta": {"versionId": str(a.version), "profile": [f"{_PROFILES}/eRS-CommunicationRequest-1"]},
        "resourceType": "CommunicationRequest",
        "extension": [
            extension("ReferralPriority", valueCodeableConcept={"coding": [coded("Priority", "ROUTINE")]}),
            extension("Specialty", valueCoding=coded("Specialty", a.service.code)),
        ],
        "status": "active",
        "category": [{"coding": [coded("AdviceAndGuidanceStatus", turn)]}],
        "subject": _number(NHS, person.nhs_number),
        "recipient": [_service(a.service)],
    }
    return orjson.dumps(body)


def conversation(a: Advice) -> bytes:
    """The messages of a conversation so far, as a search for them gives them."""
    said = [_message(a, 1, "REQUESTER", _ASKING, a.made, a.question)]
    if a.answer:
        said.append(_message(a, 2, "RESPONDER", _ANSWERING, a.made + timedelta(hours=3), a.answer))
    body = {"resourceType": "Bundle", "type": "searchset", "total": len(said), "entry": [{"resource": each} for each in said]}
    return orjson.dumps(body)


def worklist(waiting: Iterable[tuple[Person, Referral]], at: datetime) -> bytes:
    """Who waits for a booking: a worklist of AwaitingBooking."""
    entries = [
        {
            "extension": [
                extension(
                    "AwaitingBooking-WorkListItem",
                    extension=[
                        {"url": "patient", "valueReference": _number(NHS, person.nhs_number)},
                        {"url": "referralCreated", "valueDateTime": instant(referral.made)},
                        {"url": "referralLastUpdated", "valueDateTime": instant(at)},
                    ],
                )
            ],
            "item": {"reference": f"ReferralRequest/{referral.ubrn}"},
        }
        for person, referral in waiting
    ]
    body: dict[str, Any] = {
        "meta": {"profile": [f"{_PROFILES}/eRS-FetchWorklist-List-1"]},
        "resourceType": "List",
        "status": "current",
        "mode": "snapshot",
        "entry": entries,
    }
    return orjson.dumps(body)


def _message(a: Advice, number: int, by: str, user: str, at: datetime, words: str) -> dict[str, Any]:
    sender = extension_of("PractitionerRole-Reference", {"identifier": {"system": _USER, "value": user}})
    return {
        "id": f"{a.ubrn[2:]}{number}",
        "meta": {"versionId": "0", "profile": [f"{_PROFILES}/eRS-Communication-1"]},
        "resourceType": "Communication",
        "basedOn": [{"reference": f"CommunicationRequest/{a.ubrn}/_history/{a.version}"}],
        "status": "completed",
        "category": [{"coding": [coded("CommunicationSentBy", by)]}],
        "recipient": [_service(a.service)],
        "sent": instant(at),
        "sender": {"extension": [sender]},
        "note": [{"text": words}],
    }


def _number(system: str, value: str) -> dict[str, Any]:
    return {"identifier": {"system": system, "value": value}}


def _service(service: Specialty) -> dict[str, Any]:
    return {"extension": [extension_of("HealthcareService-Reference", _number(SERVICE, service.service))]}


def extension_of(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """An extension of the service that holds a reference."""
    return {"url": f"{_PROFILES}/Extension-{name}-1", "valueReference": value}
