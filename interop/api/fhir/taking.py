"""An Appointment that is booked into a time of a book that is kept here takes that time, and gives it back where it is moved or
cancelled: with it, in one transaction, so that nobody is given a time that somebody else has.

Whoever may write Appointments and see the time need not be able to write in the book.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from interop.api.asgi import Request
from interop.api.fhir.included import local
from interop.api.services import Services
from interop.apply.asked import UPDATE, Asked
from interop.apply.drafts import foreign
from interop.errors import Problem
from interop.fhir.shapes import dicts, text
from interop.formats.json import load_json
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Heads, Read, Search, Several
from interop.store.values import Head, Stored
from interop.store.where import Reference

APPOINTMENT: Final = "Appointment"
SLOT: Final = "Slot"
HOLDS: Final = ("pending", "booked", "arrived", "fulfilled", "checked-in")
"""Appointments that take their time."""
FREE, BUSY = "free", "busy"
MOST: Final = 20
"""Appointments of one time that are looked at."""
Key = tuple[str, str]


async def taking(services: Services, request: Request, asked: Asked) -> list[Asked]:
    """What is written of Slots beside an Appointment that is made or written over. Raises Problem ``stale-version`` where one of
    its times is another's."""
    if asked.type != APPOINTMENT or asked.resource is None:
        return []
    if asked.criteria is not None and await asked.criteria.find():
        return []
    before = await _before(services, asked.id) if asked.id else {}
    holds, held = slots(asked.resource), slots(before)
    changing = tuple(dict.fromkeys(each for each in (*holds, *held) if (each in holds) != (each in held)))
    if not changing:
        return []
    decision = replace(services.decide(request, "read", SLOT), account=None)
    seen: list[Stored] = await services.store.query(Several(decision, changing))
    heads: list[Head] = await services.store.query(Heads(changing))
    ours = {(each.type, each.id): each for each in heads if not foreign(each)}
    made = []
    for stored in seen:
        head = ours.get((stored.type, stored.id))
        if head is None or head.version != stored.version:
            continue
        slot = load_json(stored.body, values=None)
        takes = (stored.type, stored.id) in holds
        if takes and text(slot, "status") != FREE and slot.get("overbooked") is not True:
            await _alone(services, stored, asked.id)
        if text(slot, "status") == (FREE if takes else BUSY):
            kept = slot | {"status": BUSY if takes else FREE}
            made.append(_write(asked, stored, kept))
    return made


def slots(appointment: dict[str, Any]) -> list[Key]:
    """The Slots of ours that an Appointment takes."""
    if text(appointment, "status") not in HOLDS:
        return []
    return [key for key in local(text(each, "reference") for each in dicts(appointment, "slot")) if key[0] == SLOT]


def _write(asked: Asked, stored: Stored, slot: dict[str, Any]) -> Asked:
    expected = (stored.version,)
    return Asked(
        UPDATE, SLOT, stored.id, resource=slot, expected=expected, base=asked.base, author=asked.author, own=True, place=SLOT
    )


async def _before(services: Services, id: str) -> dict[str, Any]:
    found: list[Stored] = await services.store.query(Read(PERMIT_ALL, APPOINTMENT, id))
    return load_json(found[0].body, values=None) if found and not found[0].deleted else {}


async def _alone(services: Services, slot: Stored, id: str) -> None:
    """Raise Problem where another Appointment has that time; who may not see it learns no more than the Slot says."""
    where = Reference("slot", (f"{SLOT}/{slot.id}",))
    found: list[Stored] = await services.store.query(Search(PERMIT_ALL, APPOINTMENT, where, (), MOST))
    others = (load_json(each.body, values=None) for each in found if each.id != id)
    if any((SLOT, slot.id) in slots(each) for each in others):
        raise Problem("stale-version", where=f"{APPOINTMENT}.slot", detail="somebody else has that time")
