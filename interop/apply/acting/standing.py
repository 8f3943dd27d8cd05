"""What still stands where a visit was cancelled: another of the person, about which nothing was done since the first had been."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from interop.apply.acting.person import Resource, body, found
from interop.apply.acting.versions import Heard, heard
from interop.fhir.shapes import text
from interop.rules.actions import CANCEL
from interop.rules.expressions import BEFORE, holds
from interop.rules.happening import noise, time_of
from interop.rules.tables import PERSON, Event, Rule, RuleTables
from interop.store.seam import Store
from interop.store.values import Stored

GONE: Final = ("cancelled", "entered-in-error")
"""Statuses of what did not happen; what only goes on after all leaves nothing else to be true instead."""


class Stands(NamedTuple):
    """A rule, and a resource to which its event has happened at a time."""

    rule: Rule
    stored: Stored
    resource: Resource
    at: int


async def standing(
    store: Store, tables: RuleTables, event: Event, new: Resource | None, key: tuple[str, str], patient: str, now: int
) -> AsyncIterator[Stands]:
    """What rules that act once for a person may have passed over because of the resource of ``key``, to which now ``event`` has
    happened, that takes others back."""
    if new is not None and text(new, "status") not in GONE:
        return
    ended = {each.word for each in tables.of(event) if each.action == CANCEL}
    for rule in (each for each in tables.rules if each.event.id in ended and each.once == PERSON):
        of = rule.event
        if of.now is None or of.differs is not None:
            continue
        for stored in await found(store, of.type, patient, *([of.where] if of.where is not None else [])):
            resource = body(stored)
            if (stored.type, stored.id) == key or noise(resource) or not holds(of.now, resource, {BEFORE: None}, now):
                continue
            at = time_of(of, resource, None, now)
            told = await heard(store, stored) if at is None else Heard(at, at)
            if told is not None and 0 <= now - told.said <= rule.within:
                yield Stands(rule, stored, resource, told.came)
