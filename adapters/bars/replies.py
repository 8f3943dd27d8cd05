"""What a BaRS receiver answers, in JSON or XML: an acknowledging message, an OperationOutcome, a resource."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from adapters.bars.envelope import header_of
from adapters.bars.outcomes import DUPLICATE, ERRORS, Outcome, outcome
from interop.errors import Problem
from interop.ports import Reply

Headers = tuple[tuple[str, str], ...]
RETRY_AFTER: Final = "5"
"""Seconds after which it is worth trying again."""


class Notation(StrEnum):
    """The two notations of FHIR, by media type."""

    JSON = "application/fhir+json"
    XML = "application/fhir+xml"


def notation_of(media: str) -> Notation | None:
    """The notation that a media type means."""
    if media in ("application/fhir+json", "application/json", "json"):
        return Notation.JSON
    return Notation.XML if media in ("application/fhir+xml", "application/xml", "text/xml", "xml") else None


def accepted(body: bytes, notation: Notation, headers: Headers, message: int) -> Reply:
    """200 with a message whose header says ``ok`` to the Bundle; the event is that of the request, its ends change places."""
    from interop.formats.resources import read_resource

    bundle = read_resource(body)
    header = header_of(bundle)
    identity = bundle.text("id") or ""
    url = f"urn:uuid:{uuid5(NAMESPACE_URL, f'{identity}/{message}')}"
    event = {name: text for name in ("system", "code") if (text := header.text(f"eventCoding/{name}"))}
    back = header.text("source/endpoint")
    said: dict[str, Any] = {
        "resourceType": "MessageHeader",
        "eventCoding": event,
        **({"destination": [{"endpoint": back}]} if back else {}),
        "source": {"endpoint": header.text("destination/endpoint") or "urn:interop:bars"},
        "response": {"identifier": identity, "code": "ok"},
    }
    entry = {"fullUrl": url, "resource": said}
    return _reply(200, {"resourceType": "Bundle", "type": "message", "entry": [entry]}, notation, headers, message)


def faulty(problem: Problem, notation: Notation, headers: Headers, message: int = 0, *, said: Outcome | None = None) -> Reply:
    """An OperationOutcome with the error code of the standard: ``said``, else that of the problem."""
    told = said or outcome(problem)
    issue = {
        "severity": "error",
        "code": told.issue,
        "details": {"coding": [{"system": ERRORS, "code": told.code}]},
        "diagnostics": "This message has been received before and is not taken again." if said is DUPLICATE else str(problem),
    }
    if problem.reason.retry == "transient":
        headers = (*headers, ("Retry-After", RETRY_AFTER))
    return _reply(told.status, {"resourceType": "OperationOutcome", "issue": [issue]}, notation, headers, message)


def given(resource: dict[str, Any], notation: Notation, headers: Headers) -> Reply:
    """200 with a resource."""
    return _reply(200, resource, notation, headers, 0)


def _reply(status: int, resource: dict[str, Any], notation: Notation, headers: Headers, message: int) -> Reply:
    from interop.formats.json import write_json
    from interop.formats.resources import write_xml

    body = write_json(resource) if notation is Notation.JSON else write_xml(resource)
    return Reply(status, body, f"{notation.value};charset=utf-8", headers, message)
