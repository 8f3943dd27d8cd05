"""What one resource says under which headings: its statements, each with its origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from interop.careplan.answers import OTHER, answer, negated
from interop.careplan.authors import author
from interop.careplan.meanings import Meanings, same
from interop.careplan.placing import placings
from interop.careplan.plan import HISTORY, NEVER, Code, Given, Health, Json, Origin
from interop.careplan.resolving import Resolving
from interop.careplan.standings import Standings
from interop.careplan.tables import Content, PlanTables
from interop.careplan.telling import Telling
from interop.careplan.times import coming, passed
from interop.careplan.words import NOT, QUALIFIED, Words, codes, contact
from interop.fhir.shapes import chosen, dicts, text


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
    torn: bool = False
    """It contradicts itself."""


class Reader:
    """Reads statements out of resources."""

    def __init__(self, tables: PlanTables, resolving: Resolving, now: int, health: Mapping[str, Health]) -> None:
        self._tables, self._resolving, self.now, self._health = tables, resolving, now, health
        self._words = Words(tables.displays, resolving)
        self._meanings = Meanings(tables)
        self.standings = Standings(tables, resolving, self._words, now)
        self.telling = Telling(tables, resolving, self._words)

    def origin(self, given: Given) -> Origin:
        """Of all that a resource says."""
        resource = given.resource
        kind = self._tables.kinds[text(resource, "resourceType")]
        self._resolving.within(resource)
        until, review = self.telling.first(kind.until, resource, resource), self.telling.first(kind.review, resource, resource)
        named = (value for path in kind.author for value in self.telling.at(path, resource, resource))
        by, reference, voice = author(named, self._words.of)
        doubts = (*self.standings.doubts(resource, kind), *((QUALIFIED,) if "modifierExtension" in resource else ()))
        states = [self._health[one] for one in (given.feeds or given.source).split(",") if one in self._health]
        return Origin(
            kind.type,
            text(resource, "id"),
            given.version,
            given.source,
            by,
            reference,
            self.telling.first(kind.date, resource, resource),
            until,
            review,
            self.standings.said(resource, kind),
            notes=doubts,
            updated=given.updated,
            overdue=passed(review, self.now),
            ended=passed(until, self.now),
            health=min(states, default=None),
            voice=voice,
        )

    def statements(self, given: Given) -> Iterator[Statement]:
        """Every line of a resource."""
        resource = given.resource
        standing = self.standings.of(resource)
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
            for part in _answers(place) if row.type == "QuestionnaireResponse" else (place,):
                found = self._statement(row, part, resource, origin, standing)
                if found is not None:
                    yield found

    def _statement(self, row: Content, place: Any, resource: Json, origin: Origin, standing: str) -> Statement | None:
        standing = self.standings.within(row, place, resource, standing)
        if standing == NEVER:
            return None
        telling = self.telling
        at, said = telling.told(row, place, resource)
        if not said:
            return None
        values = [value for path in row.text for value in telling.at(path, place, resource)]
        coded = tuple(dict.fromkeys(code for value in values for code in codes(value)))
        means, torn = (row.means, "") if row.means else self._meanings.of(coded, said)
        beside = (note for path in row.notes for note in telling.every((path,), place, resource))
        notes = tuple(note for note in dict.fromkeys(beside) if note != said)
        single = self._tables.headings[row.heading].single
        turned = "" if row.means else negated(place, row, at)
        if turned:
            said, means = said if said.startswith(NOT) else turned + said, ""
        elif torn:
            said = torn
        elif not row.means and (more := self._answered(place, row, at, means)):
            said, means = f"{said}: {more}", ""
        elif single and means and (against := [note for note in notes if self._meanings.signed(note) - {means}]):
            said = torn = " / ".join((self._tables.says[means], *against))
            means = ""
        elif means and (single or row.means):  # as the meaning reads; the author's own words stand beside it
            reads = self._tables.says[means]
            notes = notes if same(said) in self._meanings.usual(reads, coded) else (said, *notes)
            said = reads
        if isinstance(place, dict) and place is not resource and "modifierExtension" in place:
            notes += (QUALIFIED,)
        trigger, role = telling.trigger(row, place, resource), telling.first(row.role, place, resource)
        who, timing = ", ".join(telling.every(row.who, place, resource)), telling.first(row.timing, place, resource)
        if coming(origin.date, self.now):
            begins = f"From {origin.date}: "
            said, means, notes = (f"{begins}{said}", "", notes) if single else (said, means, (f"{begins}not before.", *notes))
        alone = (origin.reference,) if not at else ()
        key = (means or same(said),) if single else (*map(same, (said, trigger, role, who, timing)), *alone)
        telecom = (contact(each) for path in row.telecom for each in telling.at(path, place, resource))
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
            bool(torn),
        )

    def worded(self, row: Content, resource: Json, standing: str) -> Iterator[tuple[Any, Any, str, str]]:
        """Each part of a resource that a row of ``written.csv`` holds of, each value of its texts, in a line's words, and how it
        stands."""
        self._resolving.within(resource)
        for place in row.each.values(resource, resource, self._resolving):
            stands = self.standings.within(row, place, resource, standing)
            if stands != NEVER and row.when.holds(place, resource, self._resolving):
                for value in (value for path in row.text for value in self.telling.at(path, place, resource)):
                    yield place, value, self._words.of(value), stands

    def _answered(self, place: Any, row: Content, at: str, means: str) -> str:
        """What a value says of a code that it neither confirms nor denies."""
        if row.type != "Observation" or at != "code" or answer(place) != OTHER:
            return ""
        _, value = chosen(place, "value") or ("", None)
        said = self._words.of(value)
        return "" if means and self._meanings.of(tuple(codes(value)), said) == (means, "") else said


def _answers(item: Json) -> Iterator[Json]:
    """An item of a QuestionnaireResponse as one with each of its answers."""
    return ({**item, "answer": [each]} for each in dicts(item, "answer"))
