"""The person key: which source Patients are one person. Linking and merging change only links, never a Patient or a subject."""

from __future__ import annotations

from interop.apply.mapping_work import Yield
from interop.identity.linking import number_of
from interop.ids import NHS_NUMBER
from interop.store.plan import Claims, Group, Persons
from interop.store.seam import Store
from interop.store.values import Link, LinkEvent


class Linker:
    """The links of one batch. A Patient begins as its own person; sharing an identity with another (``interop.identity``)
    or being merged (ADT A40) puts it with that one's person."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._person: dict[str, str] = {}
        self._stored: dict[str, str] = {}
        self._by_identity: dict[str, str] = {}
        self._identity: dict[str, str] = {}
        self._moves: dict[str, str] = {}
        self._events: list[LinkEvent] = []

    async def load(self, batch: list[Yield], patients: set[str]) -> None:
        """Read what is known of these Patients and of those that share their identities."""
        patients |= {side for made in batch for relink in made.relinks for side in relink}
        if not patients:
            return
        self._stored = dict(await self._store.query(Persons(tuple(sorted(patients)))))
        self._person = dict(self._stored)
        numbers = {number_of(piece.identity) for made in batch for piece in made.pieces if piece.identity}
        if numbers:
            claims = await self._store.query(Claims(tuple((NHS_NUMBER, number) for number in sorted(numbers))))
            for patient, person, identity in claims:
                if identity and person:
                    self._by_identity.setdefault(identity, person)
                    self._person.setdefault(patient, person)
                    self._stored.setdefault(patient, person)

    def seen(self, patient: str, identity: str, message: int, time: int) -> None:
        """A Patient was written with this identity ('' never links)."""
        self._identity[patient] = identity
        before = self._person.setdefault(patient, patient)
        if not identity:
            return
        other = self._by_identity.get(identity)
        if other is None:
            self._by_identity[identity] = before
        elif self._root(other) != self._root(before):
            self._join(before, other, "identity", message, time, patient)

    def relink(self, patient: str, into: str, message: int, time: int) -> None:
        """A source says that two of its Patients are one person."""
        before, after = self._person.setdefault(patient, patient), self._person.setdefault(into, into)
        if self._root(before) != self._root(after):
            self._join(before, after, "merge", message, time, patient)

    def _root(self, person: str) -> str:
        while person in self._moves:
            person = self._moves[person]
        return person

    def _join(self, before: str, after: str, why: str, message: int, time: int, patient: str) -> None:
        old, new = self._root(before), self._root(after)
        self._moves[old] = new
        self._events.append(LinkEvent(patient, old, new, why, message, time))

    async def settled(self) -> tuple[list[Link], list[LinkEvent]]:
        """The links to write: of each Patient seen, and of everyone whose person moved."""
        members: dict[str, str] = {}
        for old in self._moves:
            for patient, person in self._stored.items():
                if person == old:
                    for other in await self._store.query(Group(patient)):
                        members[other] = old
                    break
        links = {}
        for patient, person in {**members, **self._person}.items():
            root = self._root(person)
            if root != self._stored.get(patient) or patient in self._identity:
                links[patient] = Link(patient, root, self._identity.get(patient, ""))
        return list(links.values()), self._events
