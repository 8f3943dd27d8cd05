"""What this receiver takes, as resources: a CapabilityStatement and the MessageDefinitions of the standard."""

from __future__ import annotations

from typing import Any, Final

EVENTS: Final = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
BASE: Final = "https://fhir.nhs.uk/MessageDefinition/bars-message-"
DATE: Final = "2026-11"
DEFINITIONS: Final = {
    "booking-request": "booking-request",
    "booking-request-cancelled": "booking-request",
    "servicerequest-request-cancelled": "servicerequest-request",
    "servicerequest-request-referral": "servicerequest-request",
    "servicerequest-request-validation": "servicerequest-request",
    "servicerequest-response-referral": "servicerequest-response",
    "servicerequest-response-referral-short": "servicerequest-response",
    "servicerequest-response-validation-full": "servicerequest-response",
    "servicerequest-response-validation-interim": "servicerequest-response",
}
"""The last part of a definition's URL and its event, which ``MessageHeader.definition`` and ``eventCoding`` name."""


def definition(name: str) -> dict[str, Any]:
    """The MessageDefinition of that name; raises KeyError."""
    event = DEFINITIONS[name]
    return {
        "resourceType": "MessageDefinition",
        "id": f"bars-message-{name}",
        "url": BASE + name,
        "name": "BarsMessage" + "".join(part.capitalize() for part in name.split("-")),
        "status": "active",
        "date": DATE,
        "eventCoding": {"system": EVENTS, "code": event},
        "category": "consequence",
        "focus": [{"code": "Appointment" if event.startswith("booking") else "ServiceRequest", "min": 1, "max": "1"}],
    }


def definitions() -> dict[str, Any]:
    """All of them, as a search gives them."""
    found = [{"resource": definition(name), "search": {"mode": "match"}} for name in DEFINITIONS]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": found}


def capability(formats: list[str]) -> dict[str, Any]:
    """What this receiver can do, in FHIR's terms."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "software": {"name": "interop"},
        "implementation": {"description": "A receiver of the Booking and Referral Standard"},
        "fhirVersion": "4.0.1",
        "format": formats,
        "rest": [
            {
                "mode": "server",
                "resource": [{"type": "MessageDefinition", "interaction": [{"code": "read"}, {"code": "search-type"}]}],
                "operation": [
                    {
                        "name": "process-message",
                        "definition": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
                    }
                ],
            }
        ],
        "messaging": [
            {"supportedMessage": [{"mode": "receiver", "definition": BASE + name} for name in DEFINITIONS]},
        ],
    }
