"""An Appointment that is booked into a time of a book that is kept here takes that time, and gives it back where it is moved,
cancelled or deleted: with it, as one change, so that nobody is given a time that somebody else has (FHIR R4, Slot.status).

Whoever may write Appointments and see the time need not be able to write in the book.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from typing import Final

from interop.apply.asked import UPDATE, Key, Resource
from interop.apply.drafts import Draft, foreign, there
from interop.apply.journalled import TURN, Step
from interop.apply.placed import placed
from interop.apply.work import Work
from interop.errors import Problem
from interop.fhir.references import local
from interop.fhir.shapes import dicts, text
from interop.formats.json import load_json
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Search
from interop.store.seam import Store
from interop.store.values import Stored
from interop.store.where import All, Any, Reference, Token

APPOINTMENT: Final = "Appointment"
SLOT: Final = "Slot"
HOLDS: Final = ("pending", "booked", "arrived", "fulfilled", "checked-in")
"""Appointments that take their time."""
FREE, BUSY = "free", "busy"
_HELD: Final = Any(tuple(Token("status", each) for each in HOLDS))


class NotHeld(Exception):
    """Of what is written the times have to be ``keys``, and nobody keeps others from these yet."""

    def __init__(self, keys: set[Key]) -> None:
        super().__init__(len(keys))
        self.keys = keys


class Times:
    """What becomes of the times of Appointments that are written together. ``taken`` and ``left`` have the place in ``work`` of an
    Appointment that takes or leaves a time; ``having`` is how many of those that are written have it afterwards."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.taken: dict[Key, int] = {}
        self.left: dict[Key, int] = {}
        self._having: Counter[Key] = Counter()
        self._written: list[str] = []

    async def read(self) -> None:
        """What each Appointment had and is to have."""
        work = self._work
        for place, (one, key, resource, idle) in enumerate(zip(work.asked, work.keys, work.resources, work.idle, strict=True)):
            if key[0] == APPOINTMENT and not idle:
                head = work.heads.get(key)
                before = head.body if head is not None and there(head) else b"{}"
                had, has = _slots(load_json(before, values=None), one.base), _slots(resource or {}, one.base)
                self._written.append(key[1])
                self._having.update(has)
                self.taken.update(dict.fromkeys(sorted(has - had), place))
                self.left.update(dict.fromkeys(sorted(had - has), place))
            if place % TURN == TURN - 1:
                await asyncio.sleep(0)

    async def steps(self, store: Store) -> list[Step]:
        """What is written of Slots beside. Raises Problem ``stale-version`` where a time is another's; who may not see the other
        learns no more than the Slot says."""
        work, made = self._work, list[Step]()
        beside = {key for key, idle in zip(work.keys, work.idle, strict=True) if not idle}
        for key, place in (self.left | self.taken).items():
            head, one = work.heads.get(key), work.asked[place]
            if head is None or not there(head) or foreign(head):
                continue
            slot: Resource = load_json(head.body, values=None)
            status, takes = text(slot, "status"), key in self.taken
            if takes:
                if one.permit is not None and await one.permit.read(key) is None:
                    continue
                if slot.get("overbooked") is not True and (
                    self._having[key] > 1 or (status != FREE and await self._others(store, key))
                ):
                    with placed(one.place):
                        raise Problem("stale-version", where=f"{APPOINTMENT}.slot", detail="somebody else has that time")
            elif self._having[key] or await self._others(store, key):
                continue
            if status == (FREE if takes else BUSY) and key not in beside:
                made.append(Step(key, Draft(key, slot | {"status": BUSY if takes else FREE}, one.base), UPDATE))
        return made

    async def _others(self, store: Store, slot: Key) -> bool:
        """Whether an Appointment that is not written has that time."""
        where = All((Reference("slot", ("/".join(slot),)), _HELD))
        found: list[Stored] = await store.query(Search(PERMIT_ALL, APPOINTMENT, where, (), len(self._written) + 1))
        return any(each.id not in self._written for each in found)


async def times(store: Store, work: Work, held: Collection[Key]) -> list[Step]:
    """What is written of Slots beside Appointments; nobody else writes what is ``held``. Raises NotHeld where that is not all that
    is wanted, Problem ``stale-version``."""
    if not any(type_ == APPOINTMENT for type_, _ in work.keys):
        return []
    found = Times(work)
    await found.read()
    wanted = found.taken.keys() | found.left.keys()
    if not wanted <= set(held):
        raise NotHeld(wanted)
    return await found.steps(store)


def _slots(appointment: Resource, base: str) -> set[Key]:
    """The Slots of ours that an Appointment takes."""
    if text(appointment, "status") not in HOLDS:
        return set()
    above = f"{base}/" if base else ""
    named = (local(text(each, "reference").removeprefix(above)) for each in dicts(appointment, "slot"))
    return {key for key in named if key is not None and key[0] == SLOT}
