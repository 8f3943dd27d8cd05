"""The person key: which source Patients are one person. Linking and merging change only links, never a Patient or a subject."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import orjson

from interop.apply.mapping_work import Yield
from interop.identity.linking import is_number_alone, number_of
from interop.ids import NHS_NUMBER
from interop.store.plan import Claims, Group, Heads, Persons
from interop.store.seam import Store
from interop.store.values import Link, LinkEvent

NONE = "-"
"""Stored for a Patient that has no identity by which it may link."""


def linked_with(body: bytes) -> set[str]:
    """The Patients with which a stored Patient is linked (A24, A40)."""
    if b'"link":' not in body:
        return set()
    links: list[dict[str, Any]] = orjson.loads(body).get("link", [])
    return {link.get("other", {}).get("reference", "").removeprefix("Patient/") for link in links}


class Linker:
    """The links of one batch. A Patient begins as its own person; sharing an identity with another (``interop.identity``),
    being merged (ADT A40) or linked (A24) puts it with that one's person. What is linked does not depend on who came first.

    Where a link is undone (A37) the person falls apart into those that something else still holds together.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._person: dict[str, str] = {}
        self._stored: dict[str, str] = {}
        self._identity: dict[str, str] = {}
        self._seen: set[str] = set()
        self._by_number: dict[str, dict[str, None]] = {}
        self._moves: dict[str, str] = {}
        self._events: list[LinkEvent] = []
        self._pairs: dict[frozenset[str], bool] = {}
        """Patients that this batch merges, links (true) or unlinks (false)."""
        self._apart: dict[str, tuple[int, int]] = {}
        """Patients of which a link was undone, with message and time."""

    async def load(self, batch: list[Yield], patients: set[str]) -> None:
        """Read what is known of these Patients and of those that share their NHS numbers."""
        patients = patients | {side for made in batch for relink in made.relinks for side in relink[:2]}
        if not patients:
            return
        for patient, person, identity in await self._store.query(Persons(tuple(sorted(patients)))):
            self._stored[patient] = person
            if identity and identity != NONE:
                self._identity[patient] = identity
        numbers = {number_of(piece.identity) for made in batch for piece in made.pieces if piece.identity}
        if numbers:
            claims = await self._store.query(Claims(tuple((NHS_NUMBER, number) for number in sorted(numbers))))
            for patient, person, identity in claims:
                if person:
                    self._stored[patient] = person
                if identity and identity != NONE:
                    self._identity[patient] = identity
                    self._by_number.setdefault(number_of(identity), {})[patient] = None
        self._person = dict(self._stored)

    def seen(self, patient: str, identity: str, message: int, time: int) -> None:
        """A Patient was written with this identity ('' never links)."""
        before = self._identity.get(patient, "")
        self._seen.add(patient)
        self._person.setdefault(patient, patient)
        self._identity[patient] = identity
        if not identity:
            return
        number = number_of(identity)
        holders = self._by_number.setdefault(number, {})
        holders[patient] = None
        if before == identity and patient in self._stored:
            return
        same = [other for other in holders if other != patient and self._identity.get(other) == identity]
        if same:
            self._join(patient, same[0], "identity", message, time)
        self._settle_number(number, message, time)

    def _settle_number(self, number: str, message: int, time: int) -> None:
        """Those known by a number alone are with its one holder; where two identities hold the number, with neither."""
        holders = self._by_number[number]
        alone = [patient for patient in holders if is_number_alone(self._identity[patient])]
        others = [patient for patient in holders if self._identity[patient] and patient not in alone]
        if not alone or not others:
            return
        if len({self._identity[patient] for patient in others}) == 1:
            for patient in alone:
                self._join(patient, others[0], "number", message, time)
            return
        for patient in alone:
            person = self._root(self._person[patient])
            if any(self._root(self._person.get(other, other)) == person for other in others):
                self._events.append(LinkEvent(patient, person, patient, "number of two identities", message, time))
                self._person[patient] = patient

    def relink(self, patient: str, into: str, message: int, time: int) -> None:
        """A source says that two of its Patients are one person."""
        self._pairs[frozenset((patient, into))] = True
        self._join(patient, into, "merge", message, time)

    def pair(self, patient: str, other: str, linked: bool, message: int, time: int) -> None:
        """A source links two Patients, or undoes that."""
        self._pairs[frozenset((patient, other))] = linked
        if linked:
            self._join(patient, other, "link", message, time)
        elif self._root(self._person.get(patient, patient)) == self._root(self._person.get(other, other)):
            self._apart[patient] = message, time

    def _root(self, person: str) -> str:
        while person in self._moves:
            person = self._moves[person]
        return person

    def _join(self, patient: str, other: str, why: str, message: int, time: int) -> None:
        old = self._root(self._person.setdefault(patient, patient))
        new = self._root(self._person.setdefault(other, other))
        if old != new:
            self._moves[old] = new
            self._events.append(LinkEvent(patient, old, new, why, message, time))

    async def settled(self) -> tuple[list[Link], list[LinkEvent]]:
        """The links to write: of each Patient seen, and of everyone whose person moved."""
        members: dict[str, str] = {}
        for old in self._moves:
            known = next((patient for patient, person in self._stored.items() if person == old), None)
            if known is not None:
                members |= dict.fromkeys(await self._store.query(Group(known)), old)
        apart = await self._fallen_apart()
        links = []
        for patient, person in {**members, **self._person, **apart}.items():
            root = apart.get(patient) or self._root(person)
            if root != self._stored.get(patient) or patient in self._seen:
                identity = self._identity.get(patient, "")
                links.append(Link(patient, root, identity or (NONE if patient in self._seen else "")))
        return links, self._events

    async def _fallen_apart(self) -> dict[str, str]:
        """The person of everyone whose person may fall apart: of those that identities, merges and links hold together."""
        persons: dict[str, str] = {}
        for root in {self._root(self._person.get(patient, patient)): None for patient in self._apart}:
            group = dict.fromkeys(patient for patient, person in self._person.items() if self._root(person) == root)
            for patient in [patient for patient in group if patient in self._stored]:
                group |= dict.fromkeys(await self._store.query(Group(patient)))
            for part in await self._parts(sorted(group)):
                key = root if root in part else part[0]
                persons |= dict.fromkeys(part, key)
        for patient, (message, time) in self._apart.items():
            before, after = self._root(self._person.get(patient, patient)), persons[patient]
            self._events.append(LinkEvent(patient, before, after, "unlink", message, time))
        return persons

    async def _parts(self, group: list[str]) -> list[list[str]]:
        """A group in the parts that hold together, each in order."""
        identity = {patient: found for patient, _, found in await self._store.query(Persons(tuple(group)))} | self._identity
        tied = {
            frozenset(pair)
            for pair in combinations(group, 2)
            if (both := [identity.get(patient, NONE) for patient in pair])[0] not in ("", NONE)
            and both[1] not in ("", NONE)
            and (both[0] == both[1] or (number_of(both[0]) == number_of(both[1]) and any(map(is_number_alone, both))))
        }
        heads = await self._store.query(Heads(tuple(("Patient", patient) for patient in group)))
        links = {frozenset((head.id, other)) for head in heads for other in linked_with(head.body)}
        tied |= {pair for pair in links if self._pairs.get(pair, True)} | {pair for pair, linked in self._pairs.items() if linked}
        parts = {patient: [patient] for patient in group}
        for pair in tied:
            joined = sorted({member for patient in pair for member in parts.get(patient, ())})
            parts |= dict.fromkeys(joined, joined)
        return [part for patient, part in parts.items() if part[0] == patient]
