"""What a worklist is made of: candidates by index rows, the people whom they are about, what else there is of those."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from operator import itemgetter
from time import perf_counter
from typing import Any, Final, NamedTuple

import orjson

from interop.api.services import Services
from interop.errors import Problem
from interop.ids.national import ODS_ORGANISATION
from interop.store.decision import Decision
from interop.store.plan import History, Persons, Search, Several
from interop.store.values import Stored
from interop.store.where import All, Person, Span, Where
from interop.worklists.memo import Memo
from interop.worklists.ranking import Brought, ByRow, Found, Judging, Line, by_row
from interop.worklists.tables import ADDS, BRINGS, CLEARS, LACKS, NEEDS, Reason, Worklist

PATIENT: Final = "Patient"
CHUNK: Final = 500
MOST: Final = 50_000
"""Resources that a row of a list may find."""
TOGETHER: Final = 200
"""People of whom what else there is is asked at once."""
WHO: Final = (b'"family"', b'"birthDate"')
"""What tells people who somebody is."""
SLICE: Final = 0.004
"""Seconds for which people are judged, or resources taken in, before others have the loop."""
VERSIONS: Final = 20
"""Versions before the present one that are looked at."""


Candidates = dict[str, list[Found]]
"""What was found of each person, as bytes: it is read when the person is judged, and let go of."""
Placed = tuple[tuple[int, int, str], Line]
"""A line behind its place in the order of the list."""


class Question(NamedTuple):
    """What rows ask of the store; those that ask the same ask once."""

    type: str
    where: Where | None
    dated: str
    within: int


class Reading:
    """What is read for a list, under a Decision that notes nothing: what is given is read again."""

    def __init__(self, services: Services, decision: Decision, wanted: Worklist, now: int, memo: Memo) -> None:
        self.store, self.decision, self.wanted, self.now = services.store, decision, wanted, now
        self.mint, self.facts = services.mint, services.facts()
        self.judging = Judging(wanted, now, memo)
        self.breath = Breath()
        self.people: dict[str, bytes] = {}
        """The Patients that may be seen, by id: those who were met, and everyone who is one person with them."""
        self.persons: dict[str, str] = {}
        self.met: set[str] = set()
        self.dead: set[str] = set()
        """Persons of whom a Patient that may be seen has died."""

    async def lines(self, organization: str) -> list[Placed]:
        """Everybody who is on the list, in its order."""
        rows: Candidates = {}
        for question, reasons in self._questions(BRINGS, NEEDS):
            await self._take(rows, reasons, self._search(question, question.where))
        members, names = self._members(), self._names(organization) if organization else frozenset()
        on: dict[str, Brought] = {}
        while rows:
            person, candidates = rows.popitem()
            await self.breath.taken()
            found = by_row(candidates)
            brought = self.judging.brought(found)
            if brought is not None and (not organization or self._among(members[person], names, organization.upper(), found)):
                on[person] = brought
        people, lines = list(on), list[Placed]()
        for first in range(0, len(people), TOGETHER):
            some = people[first : first + TOGETHER]
            patients = tuple(patient for person in some for patient in members[person])
            more: Candidates = {}
            for question, reasons in self._questions(ADDS, LACKS, CLEARS):
                about = Person("", patients)
                where = about if question.where is None else All((question.where, about))
                await self._take(more, reasons, self._search(question, where))
            for person in some:
                await self.breath.taken()
                made = self.judging.line(members[person], on[person], by_row(more.get(person, ())))
                lines += [(made.place(self.wanted.order), made)] if made is not None else []
        return sorted(lines, key=itemgetter(0))

    def _questions(self, *kinds: str) -> list[tuple[Question, list[Reason]]]:
        asked: dict[Question, list[Reason]] = {}
        for each in self.wanted.reasons:
            if each.kind in kinds:
                asked.setdefault(Question(each.type, each.where, each.dated, each.within), []).append(each)
        return list(asked.items())

    async def _search(self, question: Question, where: Where | None) -> AsyncGenerator[Sequence[Stored]]:
        if question.within:
            low = self.now - question.within
            span = Span(question.dated, "ge", low, low + 1)
            where = span if where is None else All((where, span))
        after: tuple[Any, ...] | None = None
        for _ in range(0, MOST, CHUNK):
            part: list[Stored] = await self.store.query(Search(self.decision, question.type, where, (), CHUNK, after))
            await self.breath.taken()
            yield [stored for stored in part[:CHUNK] if stored.subject]
            if len(part) <= CHUNK:
                return
            after = (part[CHUNK - 1].id,)
        raise Problem("too-costly", detail=f"The list would look at more than {MOST} resources of {question.type}.")

    async def _take(self, rows: Candidates, reasons: Sequence[Reason], found: AsyncGenerator[Sequence[Stored]]) -> None:
        past, ids = any(each.was is not None for each in reasons), tuple(each.id for each in reasons)
        async with aclosing(found) as portions:
            async for portion in portions:
                await self._meet(each.subject for each in portion)
                for each in portion:
                    person = self.persons.get(each.subject)
                    if person is None or person in self.dead:
                        continue
                    earlier = await self._earlier(each) if past else ()
                    rows.setdefault(person, []).append(Found(ids, each.body, each.source, earlier))
                await self.breath.taken()

    async def _earlier(self, stored: Stored) -> tuple[bytes, ...]:
        if stored.version < 2:
            return ()
        versions: list[Stored] = await self.store.query(History(self.decision, stored.type, stored.id, count=VERSIONS))
        await self.breath.taken()
        return tuple(one.body for one in versions if not one.deleted and one.version < stored.version)

    async def _meet(self, patients: Iterable[str]) -> None:
        """Read those of the Patients that may be seen, and as far as they may be everyone who is one person with them."""
        asked = sorted(set(patients) - self.met)
        for first in range(0, len(asked), TOGETHER):
            some = asked[first : first + TOGETHER]
            if seen := await self._seen(some):
                rows: list[tuple[str, str, str]] = await self.store.query(Persons(tuple(seen)))
                known = {patient: person for patient, person, _ in rows}
                seen += await self._seen(sorted(known.keys() - self.met))
                for each in seen:
                    person = self.persons[each] = known.get(each) or each
                    if not self.wanted.dead and _died(self.people[each]):
                        self.dead.add(person)

    async def _seen(self, patients: Sequence[str]) -> list[str]:
        """Those of the Patients that may be seen, read."""
        self.met.update(patients)
        keys = tuple((PATIENT, each) for each in patients)
        seen: list[Stored] = await self.store.query(Several(self.decision, keys)) if keys else []
        await self.breath.taken()
        self.people |= {each.id: each.body for each in seen}
        return [each.id for each in seen]

    def _members(self) -> dict[str, tuple[str, ...]]:
        """The Patients of each person, first one that says who it is: others may have a number alone."""
        members: dict[str, list[str]] = {}
        for patient in sorted(self.persons, key=lambda each: (*(name not in self.people[each] for name in WHO), each)):
            members.setdefault(self.persons[patient], []).append(patient)
        return {person: tuple(patients) for person, patients in members.items()}

    def _names(self, organization: str) -> frozenset[str]:
        """How an organisation is referred to, by code or id."""
        code = organization.upper()
        own = self.mint.id("Organization", ODS_ORGANISATION, code)
        return frozenset((f"Organization/{organization}", f"Organization/{own}", *self.facts.names(code)))

    def _among(self, patients: Sequence[str], names: frozenset[str], code: str, rows: ByRow) -> bool:
        """Whether somebody is an organisation's: a Patient names it, or what brings them onto the list does."""
        if any(_names(orjson.loads(self.people[each]), names, code) for each in patients):
            return True
        bringing = (each.id for each in self.wanted.reasons if each.kind == BRINGS)
        return any(_names(one.resource, names, code) for row in bringing for one in rows.get(row, ()))


def _names(body: Mapping[str, Any], names: frozenset[str], code: str) -> bool:
    named = [body.get("managingOrganization"), body.get("serviceProvider"), *body.get("generalPractitioner", ())]
    for each in named:
        if isinstance(each, dict):
            identifier = each.get("identifier", {})
            if each.get("reference") in names:
                return True
            if identifier.get("system") == ODS_ORGANISATION and identifier.get("value") == code:
                return True
    return False


class Breath:
    """Lets others have the loop where it was held for long."""

    def __init__(self) -> None:
        self._since = perf_counter()

    async def taken(self) -> None:
        """Let others ask where it is time to."""
        if perf_counter() - self._since > SLICE:
            await asyncio.sleep(0)
            self._since = perf_counter()


def _died(patient: bytes) -> bool:
    if b'"deceased' not in patient:
        return False
    body = orjson.loads(patient)
    return body.get("deceasedBoolean") is True or "deceasedDateTime" in body
