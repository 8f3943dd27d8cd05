"""How what a resource says stands, by its statuses: as what is so, as history, or as nothing that is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from interop.careplan.contact import how_told
from interop.careplan.plan import CURRENT, HISTORY, NEVER, Json
from interop.careplan.resolving import Resolving
from interop.careplan.tables import Content, Kind, PlanTables
from interop.careplan.times import passed
from interop.careplan.words import Words, codes
from interop.fhir.shapes import dicts, text

TRIAGE: Final = ("urn:interop:codes:plan-category", "triage-outcome")
UMBRELLA: Final = ("urn:interop:flag", "umbrella")
ORDER: Final = (CURRENT, HISTORY, NEVER)
"""Of several standings the last counts."""


class Standings:
    """Reads statuses by the tables. ``now`` in microseconds."""

    def __init__(self, tables: PlanTables, resolving: Resolving, words: Words, now: int) -> None:
        self._tables, self._resolving, self._words, self._now = tables, resolving, words, now

    def of(self, resource: Json) -> str:
        """``current``, ``history`` or ``never``: of several statuses the least."""
        kind = self._tables.kinds.get(text(resource, "resourceType"))
        if kind is None or bears(resource, "category", TRIAGE) or how_told(resource) or _tagged(resource, UMBRELLA):
            return NEVER
        said = [self._status(resource, kind, path) for path in kind.status]
        return max(said, key=ORDER.index, default=CURRENT)

    def _status(self, resource: Json, kind: Kind, path: Any) -> str:
        """Of several codings of a status those count that the table knows; where it knows none, and where none is said, the
        resource counts."""
        found = [word for value in path.values(resource, resource, self._resolving) for word in _status_words(value)]
        known = (self._tables.standings.get((kind.type, word)) for word in found)
        return max(filter(None, known), key=ORDER.index, default=CURRENT)

    def doubts(self, resource: Json, kind: Kind) -> Iterator[str]:
        """What a status says that the table does not know, or that it is not confirmed."""
        for path in kind.status:
            for value in path.values(resource, resource, self._resolving):
                found = _status_words(value)
                if found and not any((kind.type, word) in self._tables.standings for word in found):
                    yield f"Its status is not known here: {self._words.of(value)}."
                elif path.text == "verificationStatus" and "confirmed" not in found and found:
                    yield f"Not confirmed: {self._words.of(value)}."

    def said(self, resource: Json, kind: Kind) -> str:
        """A status as it is told: of several codings the one that the table knows."""
        for value in (value for path in kind.status for value in path.values(resource, resource, self._resolving)):
            found = _status_words(value)
            known = next((word for word in found if (kind.type, word) in self._tables.standings), "") if len(found) > 1 else ""
            if said := known or self._words.of(value):
                return said
        return ""

    def within(self, row: Content, place: Any, resource: Json, standing: str) -> str:
        """How a part stands of a resource that stands so."""
        if not isinstance(place, dict) or place is resource:
            return standing
        over = HISTORY if row.type != "Consent" and passed(text(place.get("period"), "end"), self._now) else CURRENT
        part = _part_standing(text(place.get("detail"), "status"))
        return max(standing, over, part, self._target(place.get("reference")), key=ORDER.index)

    def _target(self, reference: Any) -> str:
        """How stands what an activity refers to."""
        target = self._resolving(reference) if reference is not None else None
        if target is None:
            return CURRENT
        if text(target, "resourceType") in self._tables.kinds:
            return self.of(target)
        status = text(target, "status")
        return NEVER if status in ("draft", "proposed", "revoked", "rejected") else _part_standing(status)


def bears(resource: Json, name: str, code: tuple[str, str]) -> bool:
    """Whether a list of concepts holds a code."""
    return any((each.system, each.code) == code for concept in dicts(resource, name) for each in codes(concept))


def _part_standing(status: str) -> str:
    """Of an activity of a CarePlan, by R4's care-plan-activity-status; '' changes nothing."""
    if status == "entered-in-error":
        return NEVER
    return HISTORY if status in ("completed", "cancelled", "stopped") else CURRENT


def _status_words(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, dict):
        named = tuple(text(each, "code") for each in dicts(value, "coding"))
        return tuple(filter(None, named)) or ((text(value, "text"),) if text(value, "text") else ())
    return (str(value),)


def _tagged(resource: Json, tag: tuple[str, str]) -> bool:
    return any((text(each, "system"), text(each, "code")) == tag for each in dicts(resource.get("meta"), "tag"))
