"""What a worklist is made of: candidates by index rows, the people whom they are about, what else there is of those."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from interop.api.services import Services
from interop.errors import Problem
from interop.ids.national import ODS_ORGANISATION
from interop.store.decision import Decision
from interop.store.plan import History, Persons, Search, Several
from interop.store.values import Stored
from interop.store.where import All, Person, Span, Where
from interop.worklists.ranking import Brought, Found, Judging, Line
from interop.worklists.tables import BRINGS, NEEDS, Reason, Worklist

PATIENT: Final = "Patient"
CHUNK: Final = 1_000
MOST: Final = 50_000
"""Resources that a row of a list may find."""
TOGETHER: Final = 200
"""People of whom what else there is is asked at once."""
SLICE: Final = 20
"""People who are judged, or resources that are taken in, in one go."""
VERSIONS: Final = 20
"""Versions before the present one that are looked at."""
Body = dict[str, Any]


class Kept(NamedTuple):
    """A candidate as bytes, with its versions before: it is read when its person is judged, and let go of."""

    body: bytes
    patient: str
    source: str
    earlier: tuple[bytes, ...] = ()


Rows = dict[str, dict[str, list[Kept]]]
"""Person -> row -> what it found."""


class Reading:
    """What is read for a list, under a Decision that notes nothing: what is given is read again."""

    def __init__(self, services: Services, decision: Decision, wanted: Worklist, now: int) -> None:
        self.store, self.decision, self.wanted, self.now = services.store, decision, wanted, now
        self.mint, self.facts = services.mint, services.facts()
        self.judging = Judging(wanted, now)
        self.met: set[str] = set()
        self.people: dict[str, bytes] = {}
        """The Patients that may be seen, by id."""
        self.persons: dict[str, str] = {}

    async def lines(self, organization: str) -> list[Line]:
        """Everybody who is on the list, in no order."""
        wanted = self.wanted
        rows: Rows = {}
        for reason in [each for each in wanted.reasons if each.kind in (BRINGS, NEEDS)]:
            await self._take(rows, reason, [each async for each in self._search(reason, reason.where)])
        members = self._members()
        on: dict[str, Brought] = {}
        for number, (person, kept) in enumerate(rows.items()):
            await _breathe(number)
            found = _found(kept)
            if self._among(members[person], organization, found) and (brought := self.judging.brought(found)) is not None:
                on[person] = brought
        people, rows = list(on), {}
        for reason in [each for each in wanted.reasons if each.kind not in (BRINGS, NEEDS)]:
            for first in range(0, len(people), TOGETHER):
                patients = tuple(patient for person in people[first : first + TOGETHER] for patient in members[person])
                where = All((reason.where, Person("", patients))) if reason.where is not None else Person("", patients)
                await self._take(rows, reason, [each async for each in self._search(reason, where)])
        members = self._members()  # records of theirs may have been met since
        lines: list[Line] = []
        for number, (person, brought) in enumerate(on.items()):
            await _breathe(number)
            made = self.judging.line(members[person], brought, _found(rows.get(person, {})))
            lines += [made] if made is not None else []
        return lines

    async def _search(self, reason: Reason, where: Where | None) -> AsyncIterator[Stored]:
        if reason.within:
            low = self.now - reason.within
            span = Span(reason.dated, "ge", low, low + 1)
            where = span if where is None else All((where, span))
        after: tuple[Any, ...] | None = None
        for _ in range(0, MOST, CHUNK):
            part: list[Stored] = await self.store.query(Search(self.decision, reason.type, where, (), CHUNK, after))
            for stored in part[:CHUNK]:
                if stored.subject:
                    yield stored
            if len(part) <= CHUNK:
                return
            after = (part[CHUNK - 1].id,)
            await asyncio.sleep(0)
        raise Problem("too-costly", detail=f"The list would look at more than {MOST} resources of {reason.type}.")

    async def _take(self, rows: Rows, reason: Reason, stored: Sequence[Stored]) -> None:
        await self._meet(each.subject for each in stored)
        for number, each in enumerate(stored):
            await _breathe(number)
            person = self.persons.get(each.subject)
            if person is None:
                continue
            earlier: tuple[bytes, ...] = ()
            if reason.was is not None and each.version > 1:
                versions: list[Stored] = await self.store.query(History(self.decision, each.type, each.id, count=VERSIONS))
                earlier = tuple(one.body for one in versions if not one.deleted and one.version < each.version)
            one = Kept(each.body, each.subject, each.source, earlier)
            rows.setdefault(person, {}).setdefault(reason.id, []).append(one)

    async def _meet(self, patients: Iterable[str]) -> None:
        """Read those of the Patients that may be seen, and who is one person with whom."""
        asked = sorted(set(patients) - self.met)
        self.met.update(asked)
        for first in range(0, len(asked), TOGETHER):
            keys = tuple((PATIENT, each) for each in asked[first : first + TOGETHER])
            seen: list[Stored] = await self.store.query(Several(self.decision, keys))
            bodies = {each.id: each.body for each in seen}
            self.people |= bodies
            known: Mapping[str, str] = {}
            if bodies:
                known = {patient: person for patient, person, _ in await self.store.query(Persons(tuple(bodies)))}
            for each in bodies:
                if self.wanted.dead or not _died(orjson.loads(bodies[each])):
                    self.persons[each] = known.get(each) or each

    def _members(self) -> dict[str, tuple[str, ...]]:
        members: dict[str, list[str]] = {}
        for patient in sorted(self.persons):
            members.setdefault(self.persons[patient], []).append(patient)
        return {person: tuple(patients) for person, patients in members.items()}

    def _among(self, patients: Sequence[str], organization: str, rows: Mapping[str, Sequence[Found]]) -> bool:
        """Whether somebody is an organisation's: a Patient names it, or what brings them onto the list does."""
        if not organization:
            return True
        bringing = {each.id for each in self.wanted.reasons if each.kind == BRINGS}
        bodies = [orjson.loads(self.people[each]) for each in patients]
        bodies += [one.resource for id, found_ in rows.items() if id in bringing for one in found_]
        own = self.mint.id("Organization", ODS_ORGANISATION, organization)
        names = {f"Organization/{organization}", f"Organization/{own}", *self.facts.names(organization)}
        return any(_names(body, names, organization) for body in bodies)


def _found(kept: Mapping[str, Sequence[Kept]]) -> dict[str, list[Found]]:
    """What was kept of a person, read."""
    return {
        row: [Found(orjson.loads(one.body), one.patient, one.source, tuple(map(orjson.loads, one.earlier))) for one in each]
        for row, each in kept.items()
    }


def _names(body: Body, names: set[str], code: str) -> bool:
    named = [body.get("managingOrganization"), body.get("serviceProvider"), *body.get("generalPractitioner", ())]
    for each in named:
        if isinstance(each, dict):
            identifier = each.get("identifier", {})
            if each.get("reference") in names:
                return True
            if identifier.get("system") == ODS_ORGANISATION and identifier.get("value") == code:
                return True
    return False


async def _breathe(number: int) -> None:
    """Let others ask between one person and the next, now and then."""
    if number % SLICE == SLICE - 1:
        await asyncio.sleep(0)


def _died(patient: Body) -> bool:
    return patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient
