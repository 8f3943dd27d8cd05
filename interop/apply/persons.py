"""The person key: which source Patients are one person. Linking and merging change only links, never a Patient or a subject."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from interop.apply.locks import Beyond, Held, Locks
from interop.apply.mapping_work import Yield
from interop.identity.decisions import Decided
from interop.identity.grouping import groups, pair
from interop.identity.linking import number_of, withdrawn_by
from interop.identity.ties import merges, with_link, with_merge
from interop.ids import NHS_NUMBER
from interop.store.plan import Claims, Pairs, Persons
from interop.store.seam import Store
from interop.store.values import Change, Link, LinkEvent, Pair

NONE = "-"
"""Stored for a Patient that has no identity by which it may link."""

LINKS = ("", "links")
"""The name of the lock of whoever changes links."""
IN_MIND = 50_000
"""Patients whose comparison may wait in memory."""


class Linking:
    """What those share who change links: whoever computes links from what is stored holds ``lock`` until they are stored, so that
    no two answer from the same state. ``heard`` is told of Patients whose pairs are to be compared anew."""

    def __init__(self, beyond: Beyond | None = None) -> None:
        self._locks = Locks(beyond)
        self.written: dict[str, None] = {}
        self.otherwise: set[str] = set()
        """Those of them whose pairs are others though no more may be known of them than before."""
        self.missed = False
        """More were written than are kept in mind: the record tells who."""
        self.arrived = asyncio.Event()

    @property
    def lock(self) -> Held:
        """Held by one of all who change links, in whatever process."""
        return self._locks.hold((LINKS,))

    def heard(self, patients: Iterable[str], otherwise: Iterable[str] = ()) -> None:
        """These Patients have been written; of ``otherwise`` something else is said than before of who is one person with them."""
        if self.missed:
            return
        self.written.update(dict.fromkeys(patients))
        others = {*otherwise}
        self.otherwise |= others
        self.written.update(dict.fromkeys(sorted(others)))
        self.missed = len(self.written) > IN_MIND
        if self.written:
            self.arrived.set()

    def committed(self, *changes: Change) -> None:
        """These changes have been committed."""
        for change in changes:
            self.heard((put.stored.id for put in change.puts if put.stored.type == "Patient"), linked_otherwise(change))


def linked_otherwise(change: Change) -> Iterator[str]:
    """Those of whom a change says something else of who is one person with them, or what people or sources say of that."""
    for event in change.link_events:
        yield event.patient
    for said in change.pairs:
        if said.tie is not None or said.decision is not None:
            yield from (said.a, said.b)


def linked_with(body: bytes) -> set[str]:
    """The Patients with which a stored Patient is linked (A24, A40)."""
    if b'"link":' not in body:
        return set()
    links: list[dict[str, Any]] = orjson.loads(body).get("link", [])
    return {link.get("other", {}).get("reference", "").removeprefix("Patient/") for link in links}


def _numbers(identity: str) -> frozenset[str]:
    """The NHS numbers by which an identity hangs together with others."""
    return (frozenset((number_of(identity),)) | withdrawn_by(identity)) - {""}


class Trigger(NamedTuple):
    """Why links are looked at again, by which message, when."""

    why: str
    message: int
    time: int


class Linker:
    """The links of one batch. Who is one person follows from what is said of everyone concerned (``interop.identity.grouping``),
    whoever came first: it is worked out anew for those of whom something else is said now, with all who hang together with them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stored: dict[str, str] = {}
        self._identity: dict[str, str] = {}
        self._before: dict[str, str] = {}
        self._seen: dict[str, None] = {}
        self._numbers: dict[str, set[str]] = {}
        """NHS number -> who has it, of those numbers that were looked up."""
        self._looked: set[str] = set()
        self._pairs: dict[tuple[str, str], Pair] = {}
        self._said: dict[tuple[str, str], Pair] = {}
        self._merged: dict[tuple[str, str], set[str]] = {}
        """Who was retired, of each pair of which a merge is told."""
        self._linked: dict[tuple[str, str], bool] = {}
        """Whether the two of a pair are linked, of which that is told."""
        self._triggers: dict[str, Trigger] = {}
        self._loaded: set[str] = set()

    async def load(self, batch: list[Yield], patients: set[str]) -> None:
        """Read what is known of these Patients, of those that are one person with them and that share their NHS numbers."""
        patients = patients | {side for made in batch for relink in made.relinks for side in relink[:2]}
        if patients:
            await self._persons(patients)
            await self._holders({number for made in batch for piece in made.pieces for number in _numbers(piece.identity)})

    def seen(self, patient: str, identity: str, message: int, time: int) -> None:
        """A Patient was written with this identity ('' never links)."""
        before = self._identity.get(patient, "")
        self._seen[patient] = None
        self._identity[patient] = identity
        for number in _numbers(identity):
            self._numbers.setdefault(number, set()).add(patient)
        if before != identity:
            self._changed(patient, Trigger("identity", message, time))

    def relink(self, patient: str, into: str, message: int, time: int) -> None:
        """A source says that one of its Patients was merged into another."""
        if self._paired_as(patient, into, Trigger("merge", message, time)):
            self._merged.setdefault(pair(patient, into), set()).add(patient)

    def pair(self, patient: str, other: str, linked: bool, message: int, time: int) -> None:
        """A source links two Patients, or undoes that."""
        if self._paired_as(patient, other, Trigger("link" if linked else "unlink", message, time)):
            self._linked[pair(patient, other)] = linked

    def told_again(self, patient: str, other: str, tie: str, why: str, message: int, time: int) -> None:
        """What sources say of two Patients (``interop.identity.ties``), once that is told again (``why``: a takedown, a replay)."""
        if self._paired_as(patient, other, Trigger(why, message, time)):
            key = pair(patient, other)
            self._said[key] = self._said[key]._replace(tie=tie)

    def decided(self, said: Decided, message: int, time: int) -> None:
        """People say what two Patients are; '' takes back what was said."""
        key = pair(said.a, said.b)
        before = self._said.get(key, Pair(*key))
        self._said[key] = before._replace(decision=said.decision)
        for patient in key:
            self._changed(patient, Trigger(said.decision or "undone", message, time))

    def _paired_as(self, patient: str, other: str, trigger: Trigger) -> bool:
        """Whether something is said of two; of one nothing can be."""
        if patient == other:
            return False
        key = pair(patient, other)
        self._said.setdefault(key, Pair(*key))
        for each in key:
            self._changed(each, trigger)
        return True

    def _changed(self, patient: str, trigger: Trigger) -> None:
        self._triggers[patient] = trigger

    async def settled(self) -> tuple[list[Link], list[LinkEvent], list[Pair]]:
        """The links and pairs to write, and what is to be remembered of how they came about."""
        links: dict[str, Link] = {}
        events: list[LinkEvent] = []
        persons = await self._regrouped() if self._triggers else {}
        for patient, (person, trigger) in persons.items():
            before = self._stored.get(patient)
            if person != (before or patient):
                events.append(LinkEvent(patient, before or patient, person, *trigger))
            if person != before:
                links[patient] = Link(patient, person, self._identity.get(patient) or NONE)
        for patient in self._seen:
            if patient not in links and (patient not in self._stored or self._before.get(patient) != self._identity[patient]):
                person = self._stored.get(patient, patient)
                links[patient] = Link(patient, person, self._identity[patient] or NONE)
        whole = self._whole_pairs()
        told = self._merged.keys() | self._linked.keys()
        pairs = [said._replace(tie=whole[key].tie) if key in told else said for key, said in self._said.items()]
        return list(links.values()), events, pairs

    async def _regrouped(self) -> dict[str, tuple[str, Trigger]]:
        """Person and trigger of everyone who hangs together with whom something else is said of now."""
        scope = await self._hanging_together(set(self._triggers))
        pairs = self._whole_pairs()
        within = {key: said for key, said in pairs.items() if key[0] in scope and key[1] in scope}
        made = groups(
            {patient: self._identity.get(patient, "") for patient in scope},
            [key for key, said in within.items() if said.tie and not merges(key, said.tie)],
            {key: said.decision for key, said in within.items() if said.decision},
            [two for key, said in within.items() for two in merges(key, said.tie or "")],
        )
        found: dict[str, tuple[str, Trigger]] = {}
        last = max(self._triggers.values(), key=lambda trigger: trigger.message)
        for members in made:
            person = self._key(members)
            own = [self._triggers[each] for each in members if each in self._triggers]
            trigger = max(own, key=lambda trigger: trigger.message) if own else last
            for each in members:
                found[each] = person, self._triggers.get(each, trigger)
        return found

    def _key(self, members: list[str]) -> str:
        """The key of a person: one that its members have already and that is one of them, else the first of them."""
        kept = {self._stored[each] for each in members if each in self._stored} & set(members)
        return min(kept, default=members[0])

    def _whole_pairs(self) -> dict[tuple[str, str], Pair]:
        whole = dict(self._pairs)
        for key, said in self._said.items():
            before = whole.get(key, Pair(*key, tie="", decision=""))
            tie = (before.tie if said.tie is None else said.tie) or ""
            if key in self._linked:
                tie = with_link(tie, self._linked[key])
            for retired in sorted(self._merged.get(key, ())):
                tie = with_merge(tie, key, retired)
            whole[key] = before._replace(tie=tie, decision=before.decision if said.decision is None else said.decision)
        return whole

    async def _hanging_together(self, scope: set[str]) -> set[str]:
        """All who share a person, a number or a pair with any of these, directly or not."""
        while True:
            await self._persons(scope - self._loaded)
            pairs = await self._paired(scope)
            numbers = {
                number for said in (self._identity, self._before) for patient in scope for number in _numbers(said.get(patient, ""))
            }
            await self._holders(numbers)
            groups_of = {self._stored[patient] for patient in scope if patient in self._stored}
            wider = scope | {patient for patient, person in self._stored.items() if person in groups_of}
            wider |= {patient for number in numbers for patient in self._numbers.get(number, ())}
            wider |= {side for key in pairs for side in key}
            if wider == scope:
                return scope
            scope = wider

    async def _persons(self, patients: set[str]) -> None:
        wanted = patients - self._loaded
        self._loaded |= wanted
        if wanted:
            for patient, person, identity in await self._store.query(Persons(tuple(sorted(wanted)))):
                self._loaded.add(patient)
                self._keep(patient, person, identity)

    async def _holders(self, numbers: set[str]) -> None:
        wanted = numbers - self._looked
        self._looked |= wanted
        if wanted:
            for patient, person, identity in await self._store.query(Claims(tuple((NHS_NUMBER, each) for each in sorted(wanted)))):
                if person:
                    self._keep(patient, person, identity)

    def _keep(self, patient: str, person: str, identity: str) -> None:
        """What is stored of a Patient, unless this batch says otherwise."""
        self._stored[patient] = person
        known = "" if identity == NONE else identity
        self._before[patient] = known
        if patient not in self._seen:
            self._identity[patient] = known
        for number in _numbers(known):
            self._numbers.setdefault(number, set()).add(patient)

    async def _paired(self, scope: set[str]) -> set[tuple[str, str]]:
        """The pairs in which any of these stands that say something about who is one person."""
        for each in await self._store.query(Pairs(tuple(sorted(scope)))):
            self._pairs[each.a, each.b] = each
        telling = {key for key, said in self._whole_pairs().items() if said.tie or said.decision}
        return {key for key in telling if key[0] in scope or key[1] in scope}
