"""``$worklist``: who is on a list, ranked, and why: computed when it is asked for, of those whom the asker may see.

A searchset: the List with the reasons (``include``) and the Patients of the page in its order (``match``). Candidates are found by
index rows under the asker's Decision; nothing about anybody who is not on the page is given or noted as given.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from interop.api import links
from interop.api.absences import health, unseen
from interop.api.asgi import Response
from interop.api.delivering.watched import watched
from interop.api.fhir.bundle import bundle, found
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.api.paging import CURSOR, alone
from interop.api.searching.ground import known
from interop.careplan.crew.who import redacted
from interop.errors import Problem
from interop.ids.national import ODS_ORGANISATION
from interop.mapping.places import mappings_root
from interop.policy.asker import TESTER
from interop.policy.tables import tables
from interop.record.indexing import Indexing
from interop.store.decision import Decision
from interop.store.plan import History, Persons, Search, Several
from interop.store.values import Stored
from interop.store.where import All, Person, Span, Where
from interop.worklists.listing import listed
from interop.worklists.ranking import Found, Line, brought, line
from interop.worklists.tables import BRINGS, COLUMNS, NEEDS, Reason, Worklist, Worklists, read_worklists

NAME: Final = "$worklist"
PATIENT: Final = "Patient"
PAGE: Final = 50
WHOLE: Final = 500
"""People of a page at most."""
CHUNK: Final = 1_000
MOST: Final = 50_000
"""Resources that a row of a list may find."""
TOGETHER: Final = 200
"""People of whom what else there is is asked at once."""
VERSIONS: Final = 20
"""Versions before the present one that are looked at."""
Body = dict[str, Any]
Rows = dict[str, dict[str, list[Found]]]
"""Person -> row -> what it found."""


@cache
def worklists() -> Worklists:
    """The tables of ``mappings/worklists``, the packaged ones where a directory of tables has none; read once. Raises
    WorklistsRefused, OSError."""
    folder = mappings_root().joinpath("worklists")
    folder = folder if folder.is_dir() else files("mappings").joinpath("worklists")
    read = {name: folder.joinpath(name).read_text("utf-8").splitlines() for name in COLUMNS}
    parameters = known(Indexing())
    return read_worklists(read, lambda type, text: watched(parameters, type, text, 0), tables())


class _Page(NamedTuple):
    """Which page: ``after`` the place of the last one seen and its rank, None for the first."""

    name: str
    organization: str
    size: int
    after: tuple[tuple[int, int, str], int] | None


async def worklist(asked: Asked) -> Response:
    """A page of a list. Raises Problem ``bad-parameter``, ``forbidden``, ``too-costly``."""
    decision = asked.services.decide(asked.request, NAME)
    page = _page(asked)
    wanted = _opened(asked, page.name)
    if unseen(asked.services, asked.request, NAME, wanted.types):
        raise Problem("forbidden")
    now = asked.services.clock.now()
    lines = await _Reading(asked, replace(decision, account=None), wanted, now).lines(page.organization)
    lines.sort(key=lambda each: each.place(wanted.order))
    passed, rank = page.after if page.after is not None else (None, 0)
    ranked = [each for each in lines if passed is None or each.place(wanted.order) > passed]
    shown = ranked[: page.size]
    more = len(ranked) > page.size
    return await _answer(asked, decision, wanted, page, shown, rank, len(lines), more, now)


def _page(asked: Asked) -> _Page:
    given = asked.inputs
    if given.cursor:
        alone([pair for pair in given.pairs if pair[0] == CURSOR or asked.request.method == "GET"])
        name, organization, count, place, rank = asked.services.seal.open(_address(asked), given.cursor)
        return _Page(name, organization, count, ((place[0], place[1], place[2]), rank))
    count = given.number("_count")
    if count is not None and count < 1:
        raise BadInput("_count", "", "a number above 0 is wanted")
    return _Page(given.text("name"), given.text("organization"), min(count or PAGE, WHOLE), None)


def _opened(asked: Asked, name: str) -> Worklist:
    """The list, where it is for who asks."""
    lists = worklists()
    wanted = lists.get(name)
    if wanted is None:
        raise BadInput("name", "", f"the lists are {', '.join(lists)}")
    if wanted.at:
        raise BadInput("name", "", f"{name} is given by {wanted.at}")
    if asked.request.asker != TESTER and asked.request.asker.role not in wanted.roles:
        raise Problem("forbidden")
    return wanted


class _Reading:
    """What is read for a list, under a Decision that notes nothing: what is given is read again."""

    def __init__(self, asked: Asked, decision: Decision, wanted: Worklist, now: int) -> None:
        self.store, self.decision, self.wanted, self.now = asked.services.store, decision, wanted, now
        self.mint = asked.services.mint
        self.people: dict[str, Body] = {}
        """The Patients that may be seen, by id."""
        self.persons: dict[str, str] = {}

    async def lines(self, organization: str) -> list[Line]:
        """Everybody who is on the list, in no order."""
        wanted = self.wanted
        rows: Rows = {}
        for reason in [each for each in wanted.reasons if each.kind in (BRINGS, NEEDS)]:
            await self._take(rows, reason, [each async for each in self._search(reason, reason.where)])
        members = self._members()
        on = [
            person
            for person, found_ in rows.items()
            if self._among(members[person], organization, found_) and brought(wanted, found_, self.now)
        ]
        for reason in [each for each in wanted.reasons if each.kind not in (BRINGS, NEEDS)]:
            for first in range(0, len(on), TOGETHER):
                patients = tuple(patient for person in on[first : first + TOGETHER] for patient in members[person])
                where = All((reason.where, Person("", patients))) if reason.where is not None else Person("", patients)
                await self._take(rows, reason, [each async for each in self._search(reason, where)])
        made = [line(wanted, members[person], rows[person], self.now) for person in on]
        return [each for each in made if each is not None]

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
        for each in stored:
            person = self.persons.get(each.subject)
            if person is None:
                continue
            earlier: tuple[Body, ...] = ()
            if reason.was is not None and each.version > 1:
                versions: list[Stored] = await self.store.query(History(self.decision, each.type, each.id, count=VERSIONS))
                earlier = tuple(orjson.loads(one.body) for one in versions if not one.deleted and one.version < each.version)
            one = Found(orjson.loads(each.body), each.subject, each.source, earlier)
            rows.setdefault(person, {}).setdefault(reason.id, []).append(one)

    async def _meet(self, patients: Iterable[str]) -> None:
        """Read those of the Patients that may be seen, and who is one person with whom."""
        asked = sorted({each for each in patients if each not in self.people})
        for first in range(0, len(asked), TOGETHER):
            keys = tuple((PATIENT, each) for each in asked[first : first + TOGETHER])
            seen: list[Stored] = await self.store.query(Several(self.decision, keys))
            bodies = {each.id: orjson.loads(each.body) for each in seen}
            self.people |= bodies
            known: Mapping[str, str] = {}
            if bodies:
                known = {patient: person for patient, person, _ in await self.store.query(Persons(tuple(bodies)))}
            for each in bodies:
                if self.wanted.dead or not _died(bodies[each]):
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
        bodies = [self.people[each] for each in patients]
        bodies += [one.resource for id, found_ in rows.items() if id in bringing for one in found_]  # type: ignore[misc]
        names = {f"Organization/{organization}", f"Organization/{self.mint.id('Organization', ODS_ORGANISATION, organization)}"}
        return any(_names(body, names, organization) for body in bodies)


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


def _died(patient: Body) -> bool:
    return patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient


async def _answer(
    asked: Asked,
    decision: Decision,
    wanted: Worklist,
    page: _Page,
    shown: Sequence[Line],
    rank: int,
    total: int,
    more: bool,
    now: int,
) -> Response:
    services = asked.services
    keys = tuple((PATIENT, each) for line_ in shown for each in line_.patients)
    given: list[Stored] = await services.store.query(Several(decision, keys)) if keys else []
    people = {each.id: each for each in given}
    sources = await _sources(asked, decision, shown)
    ranked = []
    for number, each in enumerate(shown, rank + 1):
        hidden = any(redacted(orjson.loads(people[one].body)) for one in each.patients if one in people)
        ranked.append((number, each, {} if hidden else sources))
    said = "\n".join([page.name, *(f"{number} {each.patients[0]} {each.points}" for number, each, _ in ranked), str(now)])
    id_ = str(UUID(bytes=blake2b(said.encode("ascii"), digest_size=16).digest()))
    told = listed(wanted, id_, ranked, total, now, await _lacking(asked))
    address = links.root(asked.request, services.base) + asked.request.path
    relations = [("self", address + links.query(asked.inputs.pairs))]
    if more:
        last = shown[-1]
        held = [page.name, page.organization, page.size, list(last.place(wanted.order)), rank + len(shown)]
        relations.append(("next", f"{address}?{CURSOR}={services.seal.seal(_address(asked), held)}"))
    entry = b'{"fullUrl":"urn:uuid:%s","resource":%s,"search":{"mode":"include"}}' % (id_.encode("ascii"), orjson.dumps(told))
    base = links.base(asked.request, services.base)
    entries = [entry, *(found(base, people[each.patients[0]]) for each in shown if each.patients[0] in people)]
    return Response(200, bundle("searchset", relations, entries, total))


async def _sources(asked: Asked, decision: Decision, shown: Iterable[Line]) -> dict[str, str]:
    """What to call the organisations that contributed what bears the reasons out."""
    services = asked.services
    wanted = sorted({said.found.source for each in shown for told in each.told for said in told.evidence if said.found.source})
    codes = {code for each in wanted for code in each.split(",")}
    ids = {services.mint.id("Organization", ODS_ORGANISATION, code): code for code in codes}
    named: list[Stored] = []
    if ids:
        plan = Several(replace(decision, account=None), tuple(("Organization", each) for each in sorted(ids)))
        named = await services.store.query(plan)
    names = {ids[each.id]: str(orjson.loads(each.body).get("name", "")) for each in named}
    return {each: ", ".join(names.get(code) or code for code in each.split(",")) for each in wanted}


async def _lacking(asked: Asked) -> str:
    """In words, where what sources say does not come: whoever reads the list must know that it may lack somebody."""
    told = {each.state for each in await health(asked.services)} - {"well"}
    return f" Not all sources are up to date ({', '.join(sorted(told))}): somebody may be missing." if told else ""


def _address(asked: Asked) -> str:
    return asked.services.cursor_of(asked.request, asked.request.path)
