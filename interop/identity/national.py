"""What the national service said of an NHS number, as a message of the feed ``pds``: a Bundle with the service's own Patient.

A number that it replaced stands beside the one in its place, marked as withdrawn; one that it invalidated stands alone, so marked.
Both are the record's own words for what the service says by another id and by an error (``interop.identity.known``, WITHDRAWN).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from interop.clock import instant
from interop.fhir.shapes import Json, dicts, text
from interop.identity.known import WITHDRAWN
from interop.ids import NHS_NUMBER
from interop.ports.demographics import FOUND, INVALIDATED, Reply

BASE: Final = "https://api.service.nhs.uk/personal-demographics/FHIR/R4"
"""What names its Patients here, at whichever address it was asked."""
SUPERSEDED: Final = "superseded"
NOT_FOUND: Final = "not-found"
REDACTED: Final = "REDACTED"


def outcome_of(number: str, reply: Reply) -> str:
    """``found``, ``superseded``, ``invalidated`` or ``not-found`` of a number that was asked about."""
    if reply.outcome != FOUND:
        return reply.outcome
    patient = reply.matches[0].patient
    if _redacted(patient):
        return INVALIDATED
    return FOUND if text(patient, "id") == number else SUPERSEDED


def message_of(number: str, reply: Reply, former: Iterable[str], now: int) -> dict[str, Any] | None:
    """The message of an answer about ``number``; None where it tells of nobody. ``former`` are numbers that the service was heard
    to have replaced by that of this Patient before; ``now`` is microseconds since the epoch."""
    outcome = outcome_of(number, reply)
    if outcome == INVALIDATED:
        withdrawn = _withdrawn(number, INVALIDATED)
        return _bundle({"resourceType": "Patient", "id": number, "active": False, "identifier": [withdrawn]}, now)
    if outcome == NOT_FOUND or not reply.matches:
        return None
    patient = reply.matches[0].patient
    replaced = sorted({*former, *((number,) if outcome == SUPERSEDED else ())} - {text(patient, "id")})
    identifiers = [*dicts(patient, "identifier"), *(_withdrawn(each, SUPERSEDED) for each in replaced)]
    return _bundle({**patient, "identifier": identifiers}, now)


def _withdrawn(number: str, why: str) -> Json:
    return {"system": NHS_NUMBER, "value": number, "use": "old", "extension": [{"url": WITHDRAWN, "valueCode": why}]}


def _redacted(patient: Json) -> bool:
    meta = patient.get("meta")
    labels = dicts(meta, "security") if isinstance(meta, dict) else []
    return any(text(each, "code") == REDACTED for each in labels)


def _bundle(patient: Json, now: int) -> dict[str, Any]:
    entry = {"fullUrl": f"{BASE}/Patient/{text(patient, 'id')}", "resource": patient}
    return {"resourceType": "Bundle", "type": "collection", "timestamp": instant(now), "entry": [entry]}
