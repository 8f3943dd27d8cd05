"""A page of a list as a FHIR List, computed when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from interop.clock import instant
from interop.worklists.ranking import Evidence, Line, Told
from interop.worklists.tables import DUE, POINTS, Worklist

SYSTEM: Final = "urn:interop:codes:worklist"
EXTENSION: Final = "urn:interop:extension:worklist-"
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
ORDERED: Final = {POINTS: ("priority", "Sorted by Priority")}
BY_DATE: Final = ("event-date", "Sorted by Event Date")
LIST_ORDER: Final = "http://terminology.hl7.org/CodeSystem/list-order"
NOBODY: Final = "Nobody of those whom who asks may see"
BEYOND: Final = "Nobody beyond those of the pages before"
Json = dict[str, Any]
Sources = Mapping[str, str]
"""What to call what contributed, by ``Found.source``; '' where it is not told."""


def listed(worklist: Worklist, id: str, lines: Sequence[tuple[int, Line, Sources]], total: int, now: int) -> Json:
    """The List: ``lines`` with their rank in the whole list, of which this is a page; ``total`` people are on it."""
    code, display = ORDERED.get(worklist.order, BY_DATE)
    made: Json = {
        "resourceType": "List",
        "id": id,
        "extension": [{"url": f"{EXTENSION}total", "valueUnsignedInt": total}],
        "status": "current",
        "mode": "snapshot",
        "title": worklist.title,
        "code": {"coding": [{"system": SYSTEM, "code": worklist.name, "display": worklist.title}]},
        "date": instant(now),
        "orderedBy": {"coding": [{"system": LIST_ORDER, "code": code, "display": display}]},
    }
    if lines:
        made["entry"] = [_entry(rank, line, sources, now, worklist.order) for rank, line, sources in lines]
    else:
        made["emptyReason"] = {
            "text": "Nobody of those whom who asks may see" if not total else "Nobody beyond those of the pages before"
        }
    return made


def _entry(rank: int, line: Line, sources: Sources, now: int, order: str) -> Json:
    said: list[Json] = [
        {"url": f"{EXTENSION}rank", "valuePositiveInt": rank},
        {"url": f"{EXTENSION}points", "valueUnsignedInt": line.points},
        *(_reason(each, sources) for each in line.told),
    ]
    if line.due is not None:
        left = (line.due - now) // MINUTE
        clock: list[Json] = [
            {"url": "due", "valueInstant": instant(line.due // SECOND * SECOND)},
            {"url": "minutesLeft", "valueInteger": left},
        ]
        state = "breached" if left < 0 else next((word for each in line.told for word in each.shown if order == DUE), "running")
        said.append({"url": f"{EXTENSION}clock", "extension": [*clock, {"url": "state", "valueCode": state}]})
    words = "; ".join(dict.fromkeys(each.words for each in line.told))
    return {"extension": said, "flag": {"text": words}, "item": {"reference": f"Patient/{line.patients[0]}"}}


def _reason(told: Told, sources: Sources) -> Json:
    parts: list[Json] = [
        {"url": "code", "valueCode": told.reason.id},
        {"url": "words", "valueString": told.words},
        {"url": "points", "valueUnsignedInt": told.reason.points},
    ]
    if told.latest is not None:
        parts.append({"url": "date", "valueDateTime": told.latest.written})
    return {"url": f"{EXTENSION}reason", "extension": [*parts, *(_borne(each, sources) for each in told.evidence)]}


def _borne(evidence: Evidence, sources: Sources) -> Json:
    parts: list[Json] = [{"url": "resource", "valueReference": {"reference": evidence.reference}}]
    if evidence.written:
        parts.append({"url": "date", "valueDateTime": evidence.written})
    if source := sources.get(evidence.source, ""):
        parts.append({"url": "source", "valueString": source})
    return {"url": "evidence", "extension": parts}
