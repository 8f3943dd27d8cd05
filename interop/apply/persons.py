"""The person key: which source Patients are one person. Linking and merging change only links, never a Patient or a subject."""

from __future__ import annotations

from interop.apply.mapping_work import Yield
from interop.identity.linking import is_number_alone, number_of
from interop.ids import NHS_NUMBER
from interop.store.plan import Claims, Group, Persons
from interop.store.seam import Store
from interop.store.values import Link, LinkEvent

NONE = "-"
"""Stored for a Patient that has no identity by which it may link."""


class Linker:
    """The links of one batch. A Patient begins as its own person; sharing an identity with another (``interop.identity``)
    or being merged (ADT A40) puts it with that one's person. What is linked does not depend on who came first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._person: dict[str, str] = {}
        self._stored: dict[str, str] = {}
        self._identity: dict[str, str] = {}
        self._seen: set[str] = set()
        self._by_number: dict[str, dict[str, None]] = {}
        self._moves: dict[str, str] = {}
        self._events: list[LinkEvent] = []

    async def load(self, batch: list[Yield], patients: set[str]) -> None:
        """Read what is known of these Patients and of those that share their NHS numbers."""
        patients = patients | {side for made in batch for relink in made.relinks for side in relink}
        if not patients:
            return
        self._stored = dict(await self._store.query(Persons(tuple(sorted(patients)))))
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
        self._join(patient, into, "merge", message, time)

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
        links = []
        for patient, person in {**members, **self._person}.items():
            root = self._root(person)
            if root != self._stored.get(patient) or patient in self._seen:
                identity = self._identity.get(patient, "")
                links.append(Link(patient, root, identity or (NONE if patient in self._seen else "")))
        return links, self._events
