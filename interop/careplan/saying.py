"""What one resource says under which headings: its statements, each with its origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from interop.careplan.placing import placings
from interop.careplan.plan import CURRENT, HISTORY, NEVER, Code, Given, Health, Json, Origin
from interop.careplan.resolving import Resolving
from interop.careplan.tables import Alternatives, Content, Kind, PlanTables
from interop.careplan.words import NOT, Words, codes, contact
from interop.fhir.searching import interval
from interop.fhir.searching.text import plain
from interop.fhir.shapes import dicts, text

TRIAGE: Final = ("urn:interop:codes:plan-category", "triage-outcome")
UMBRELLA: Final = ("urn:interop:flag", "umbrella")
ORDER: Final = (CURRENT, HISTORY, NEVER)
"""Of several standings the last counts."""
FALSE: Final = "Not so: "
"""Begins what an Observation names by its code and denies by its value."""
QUALIFIED: Final = "The resource says more that changes what this means: read it whole."
"""Of a modifier extension: whoever does not know it must not rely on the rest (FHIR R4, extensibility 2.4.0.1)."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A line as one author has it; ``key`` is the same for what says the same."""

    heading: str
    text: str
    key: tuple[str, ...]
    codes: tuple[Code, ...]
    means: str
    trigger: str
    role: str
    who: str
    timing: str
    telecom: tuple[str, ...]
    origin: Origin
    standing: str


class Reader:
    """Reads statements out of resources."""

    def __init__(self, tables: PlanTables, resolving: Resolving, now: int, health: Mapping[str, Health]) -> None:
        self._tables, self._resolving, self._now, self._health = tables, resolving, now, health
        self._words = Words(tables.displays, resolving)

    def standing(self, resource: Json) -> str:
        """``current``, ``history`` or ``never``: of several statuses the least."""
        kind = self._tables.kinds.get(text(resource, "resourceType"))
        if kind is None or bears(resource, "category", TRIAGE) or _tagged(resource, UMBRELLA):
            return NEVER
        said = [self._status(resource, kind, path) for path in kind.status]
        return max(said, key=ORDER.index, default=CURRENT)

    def _status(self, resource: Json, kind: Kind, path: Any) -> str:
        """A status that the table does not know is told to nobody; one that is not said changes nothing."""
        words = [_status_word(value) for value in path.values(resource, resource, self._resolving)]
        return max(
            (self._tables.standings.get((kind.type, word), NEVER) for word in words if word),
            key=ORDER.index,
            default=CURRENT,
        )

    def origin(self, given: Given) -> Origin:
        """Of all that a resource says."""
        resource = given.resource
        kind = self._tables.kinds[text(resource, "resourceType")]
        self._resolving.within(resource)
        until, review = self._first(kind.until, resource, resource), self._first(kind.review, resource, resource)
        author, reference = self._author(kind.author, resource)
        states = [self._health[one] for one in (given.feeds or given.source).split(",") if one in self._health]
        return Origin(
            kind.type,
            text(resource, "id"),
            given.version,
            given.source,
            author,
            reference,
            self._first(kind.date, resource, resource),
            until,
            review,
            self._first(kind.status, resource, resource),
            notes=(QUALIFIED,) if "modifierExtension" in resource else (),
            updated=given.updated,
            overdue=self._passed(review),
            ended=self._passed(until),
            health=min(states, default=None),
        )

    def statements(self, given: Given) -> Iterator[Statement]:
        """Every line of a resource."""
        resource = given.resource
        standing = self.standing(resource)
        rows = placings(self._tables).get(text(resource, "resourceType"), ())
        if standing == NEVER:
            return
        self._resolving.within(resource)
        origin = None
        for row, place in chain.from_iterable(each.fitting(resource, self._resolving) for each in rows):
            if origin is None:
                origin = self.origin(given)
                if origin.ended and self._tables.kinds[origin.type].ended == HISTORY:
                    standing = HISTORY
            found = self._statement(row, place, resource, origin, standing)
            if found is not None:
                yield found

    def _statement(self, row: Content, place: Any, resource: Json, origin: Origin, standing: str) -> Statement | None:
        if isinstance(place, dict) and place is not resource:
            over = HISTORY if self._passed(text(place.get("period"), "end")) else CURRENT
            standing = max(standing, over, _part_standing(text(place.get("detail"), "status")), key=ORDER.index)
            if standing == NEVER:
                return None
        said = self._first(row.text, place, resource)
        if not said:
            return None
        values = [value for path in row.text for value in self._at(path, place, resource)]
        coded = tuple(dict.fromkeys(code for value in values for code in codes(value)))
        means = row.means or self._means(coded, said)
        beside = (note for path in row.notes for note in self._every((path,), place, resource))
        notes = tuple(note for note in dict.fromkeys(beside) if note != said)
        single = self._tables.headings[row.heading].single
        negated = "" if row.means else _negated(place, all(value is not False for value in values))
        if negated:
            said, means = said if said.startswith(NOT) else negated + said, ""
        elif means and (single or row.means):  # as the meaning reads; the author's own words stand beside it
            reads = self._tables.says[means]
            notes = notes if _same(said) in self._usual(reads, coded) else (said, *notes)
            said = reads
        if isinstance(place, dict) and place is not resource and "modifierExtension" in place:
            notes += (QUALIFIED,)
        trigger, role = self._first(row.trigger, place, resource), self._first(row.role, place, resource)
        who, timing = ", ".join(self._every(row.who, place, resource)), self._first(row.timing, place, resource)
        key = (means or _same(said),) if single else tuple(map(_same, (said, trigger, role, who, timing)))
        telecom = (contact(each) for path in row.telecom for each in self._at(path, place, resource))
        return Statement(
            row.heading,
            said,
            key,
            coded,
            means,
            trigger,
            role,
            who,
            timing,
            tuple(dict.fromkeys(filter(None, telecom))),
            replace(origin, notes=origin.notes + notes) if notes else origin,
            standing,
        )

    def _means(self, coded: tuple[Code, ...], said: str) -> str:
        """What codes mean, or without any the words."""
        if not coded:
            return self._tables.worded.get(_same(said), "")
        return next((word for code in coded if (word := self._tables.means.get((code.system, code.code)))), "")

    def _usual(self, reads: str, coded: tuple[Code, ...]) -> set[str]:
        """What a meaning and its codes are called: nobody's own words."""
        return {_same(reads), *(_same(self._tables.displays.get((code.system, code.code), "")) for code in coded)}

    def _at(self, path: Any, place: Any, resource: Json) -> list[Any]:
        found: list[Any] = path.values(place, resource, self._resolving)
        return found

    def _every(self, paths: Alternatives, place: Any, resource: Json) -> Iterator[str]:
        for path in paths:
            found = [said for value in self._at(path, place, resource) if (said := self._words.of(value))]
            if found:
                yield from found
                return

    def _first(self, paths: Alternatives, place: Any, resource: Json) -> str:
        return next(self._every(paths, place, resource), "")

    def _author(self, paths: Alternatives, resource: Json) -> tuple[str, str]:
        """What the author is called and the reference to them, of the first path that names anybody."""
        for path in paths:
            for value in self._at(path, resource, resource):
                name, reference = self._words.of(value), text(value, "reference")
                if name or reference:
                    return name, reference
        return "", ""

    def _passed(self, date: str) -> bool:
        """Whether the whole of a date lies behind."""
        span = interval(date) if date else None
        return span is not None and span[1] <= self._now


def _same(said: str) -> str:
    return plain(said).rstrip(" .;")


def _negated(place: Any, named: bool) -> str:
    """What turns the meaning of a part round, as words before it: ``doNotPerform`` of it or its detail, or where its code is
    what is ``named`` the value ``false``."""
    if not isinstance(place, dict):
        return ""
    detail = place.get("detail")
    if place.get("doNotPerform") is True or (isinstance(detail, dict) and detail.get("doNotPerform") is True):
        return NOT
    return FALSE if named and place.get("valueBoolean") is False else ""


def _part_standing(status: str) -> str:
    """Of an activity of a CarePlan, by R4's care-plan-activity-status; '' changes nothing."""
    if status == "entered-in-error":
        return NEVER
    return HISTORY if status in ("completed", "cancelled", "stopped") else CURRENT


def _status_word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return next((code.code for code in codes(value)), "")
    return str(value)


def bears(resource: Json, name: str, code: tuple[str, str]) -> bool:
    """Whether a list of concepts holds a code."""
    return any((each.system, each.code) == code for concept in dicts(resource, name) for each in codes(concept))


def _tagged(resource: Json, tag: tuple[str, str]) -> bool:
    return any((text(each, "system"), text(each, "code")) == tag for each in dicts(resource.get("meta"), "tag"))
