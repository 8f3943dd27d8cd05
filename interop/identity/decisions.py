"""What people decide of two Patients, as FHIR holds it: a Linkage of the two, one for each pair, whose versions are its history.

``active`` tells whether they are one person; an extension says what was decided (same, apart, or withdrawn), another why,
``author`` who. A Linkage without that extension decides nothing.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from interop.fhir.shapes import Json, dicts, text

LINKAGE: Final = "Linkage"
SYSTEM: Final = "urn:interop:identity"
DECISION: Final = "urn:interop:extension:identity-decision"
REASON: Final = "urn:interop:extension:identity-reason"
WITHDRAWN: Final = "withdrawn"
SAID: Final = {"same": "same", "apart": "apart", WITHDRAWN: ""}


class Decided(NamedTuple):
    """Two Patients, ``a`` before ``b``, and what was decided of them: ``same``, ``apart``, '' = nothing any more."""

    a: str
    b: str
    decision: str


def linkage(id: str, said: Decided, reason: str, author: str) -> Json:
    """The Linkage that holds a decision; ``author`` is who signed on, as the issuer names them."""
    extensions = [{"url": DECISION, "valueCode": said.decision or WITHDRAWN}, {"url": REASON, "valueString": reason}]
    items = [
        {"type": kind, "resource": {"reference": f"Patient/{patient}"}}
        for kind, patient in (("source", said.a), ("alternate", said.b))
    ]
    return {
        "resourceType": LINKAGE,
        "id": id,
        "extension": extensions,
        "active": said.decision == "same",
        **({"author": {"identifier": {"system": "urn:interop:user", "value": author}}} if author else {}),
        "item": items,
    }


def decided(resource: dict[str, Any]) -> Decided | None:
    """What a Linkage decides; None where it decides nothing."""
    codes = [text(each, "valueCode") for each in dicts(resource, "extension") if text(each, "url") == DECISION]
    patients = {text(each.get("resource"), "reference").removeprefix("Patient/") for each in dicts(resource, "item")}
    if len(codes) != 1 or codes[0] not in SAID or len(patients) != 2 or not all(_plain(each) for each in patients):
        return None
    a, b = sorted(patients)
    return Decided(a, b, SAID[codes[0]])


def reason_of(resource: dict[str, Any]) -> str:
    """Why it was decided."""
    return next((text(each, "valueString") for each in dicts(resource, "extension") if text(each, "url") == REASON), "")


def author_of_decision(resource: dict[str, Any]) -> str:
    """Who decided."""
    author = resource.get("author")
    return text(author.get("identifier"), "value") if isinstance(author, dict) else ""


def _plain(id: str) -> bool:
    return bool(id) and "/" not in id and len(id) <= 64
