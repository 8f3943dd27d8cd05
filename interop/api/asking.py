"""The record as adapters may ask it (``interop.ports.Record``): the query tree and the Decision of the API, without HTTP."""

from __future__ import annotations

import typing
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from interop.api.searching import Ground, understand
from interop.api.searching.ground import known
from interop.clock import Clock
from interop.errors import Problem
from interop.fhir.searching import normalise
from interop.formats.json import load_json
from interop.policy.asker import NOBODY, TESTER, Asker
from interop.policy.decide import Policy, Question, decide
from interop.policy.facts import Facts
from interop.ports import Inquiry, Person
from interop.record.indexing import Indexing
from interop.store.decision import Decision
from interop.store.plan import Group, Read, Search
from interop.store.seam import Store
from interop.store.values import Stored
from interop.store.where import All, Any, Chain, Text, Where

Resource = dict[str, typing.Any]


def folded(where: Where) -> Where:
    """The same question with whole texts compared without regard to case and accents: other protocols write in capitals."""
    match where:
        case Text(parameter, value, "exact"):
            return Text(parameter, normalise(value), "equals")
        case All(parts):
            return All(tuple(folded(part) for part in parts))
        case Any(parts):
            return Any(tuple(folded(part) for part in parts))
        case Chain(parameter, target, inner):
            return Chain(parameter, target, folded(inner))
    return where


SYSTEM = "system"
"""The role of a program that asks for its organisation."""


def asker_of(inquiry: Inquiry) -> Asker:
    """Who asks by another protocol: the organisation to which the way in belongs, for direct care; nobody where to none."""
    if not inquiry.organisation:
        return replace(NOBODY, client=inquiry.who)
    return Asker(role=SYSTEM, organisation=inquiry.organisation, client=inquiry.who, scopes=None)


def tester_of(inquiry: Inquiry) -> Asker:
    """Who asks an engine that was started open."""
    return replace(TESTER, client=inquiry.who)


class SharedRecord:
    """``interop.ports.Record`` on the store; ``indexing`` tells which search parameters of a type there are, ``facts`` what
    decisions know, ``fresh`` brings that up to what other processes have committed. ``open``: whoever asks is the tester.
    ``policy`` decides."""

    def __init__(
        self, store: Store, clock: Clock, indexing: Indexing, facts: Callable[[], Facts] = Facts, *, open: bool = False
    ) -> None:
        self._store, self._clock, self._indexing, self._facts = store, clock, indexing, facts
        self._asker = tester_of if open else asker_of
        self.policy: Policy = decide
        self.fresh: Callable[[], Awaitable[None]] | None = None

    async def _up_to_date(self) -> None:
        if self.fresh is not None:
            await self.fresh()

    def _decide(self, inquiry: Inquiry, type: str, id: str = "") -> Decision:
        decision = self.policy(Question(inquiry.interaction, type, id, self._asker(inquiry)), self._facts(), self._clock.now())
        if decision.refusal:
            raise Problem(decision.refusal)
        return decision

    async def find(self, inquiry: Inquiry, type: str, criteria: Sequence[tuple[str, str]], limit: int) -> list[Resource]:
        """The resources that satisfy criteria of a FHIR search; ``:exact`` without regard to case and accents."""
        await self._up_to_date()
        decision = self._decide(inquiry, type)
        query = understand(Ground(known(self._indexing), "", self._clock.now()), (type,), criteria, strict=True)
        where = folded(query.where) if query.where is not None else None
        found: list[Stored] = await self._store.query(Search(decision, type, where, (), limit))
        if len(found) > limit:
            raise Problem("too-many-matches", detail=f"More than {limit} records match.")
        return [load_json(stored.body, values=None) for stored in found]

    async def person(self, inquiry: Inquiry, patient: str) -> Person:
        """All records of a person, each read under the Decision."""
        await self._up_to_date()
        members: list[str] = await self._store.query(Group(self._decide(inquiry, "Patient", patient), patient))
        records = await self._read(inquiry, [("Patient", member) for member in sorted({*members, patient})])
        records.sort(key=lambda record: record["meta"]["lastUpdated"], reverse=True)
        merged = [record for record in records if any(link.get("type") == "replaced-by" for link in record.get("link", ()))]
        return Person(tuple(record for record in records if record not in merged), tuple(merged))

    async def resolve(self, inquiry: Inquiry, references: Iterable[str]) -> dict[str, Resource]:
        """What references lead to, by reference."""
        await self._up_to_date()
        wanted = [(type_, id_) for type_, _, id_ in (reference.partition("/") for reference in references) if id_]
        return {f"{one['resourceType']}/{one['id']}": one for one in await self._read(inquiry, wanted)}

    async def _read(self, inquiry: Inquiry, wanted: Iterable[tuple[str, str]]) -> list[Resource]:
        read = []
        for type_, id_ in wanted:
            decision = self._decide(inquiry, type_, id_)
            found: list[Stored] = await self._store.query(Read(decision, type_, id_))
            read += [load_json(stored.body, values=None) for stored in found if not stored.deleted]
        return read
