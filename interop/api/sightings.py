"""Who saw what a takedown has taken away: told from the audit, and put down there once for whoever is to be told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

from interop.api.auditing import Auditor
from interop.apply.journalled import TAKEN, body_of, keys_of
from interop.audit.events import event_id
from interop.audit.row import NOTICE, READ, Row
from interop.audit.trail import Trail
from interop.policy.asker import Asker
from interop.store.plan import Made, Message, Versions
from interop.store.seam import Store
from interop.store.sqlite.audit_index import Event, Wanted
from interop.store.values import Entry

EXACT: Final = ("read", "vread", "history-instance")
"""Interactions whose row names the one resource that was given."""
BY_TYPE: Final = ("search-type", "history-type")
OPERATION: Final = "$takedown"
INCLUDES: Final = ("_include", "_revinclude")
PAGE: Final = 1_000
PATIENTS: Final = 400
Key = tuple[str, str]


class Concern(NamedTuple):
    """What was taken down: resources, the Patients whom they were about, from when on they could be seen (microseconds)."""

    keys: tuple[Key, ...]
    patients: tuple[str, ...]
    since: int


class Sighting(NamedTuple):
    """Somebody was given it, or may have been: a search or an operation does not say which of a person's resources it gave."""

    time: int
    user: str
    role: str
    organisation: str
    purpose: str
    interaction: str
    type: str
    event: str

    @property
    def who(self) -> tuple[str, str, str]:
        """Whom to tell."""
        return self.user, self.role, self.organisation


async def concern(store: Store, takedown: Entry) -> Concern:
    """What a takedown that is done took away."""
    said = orjson.loads(takedown.body if takedown.adapter == TAKEN else body_of(takedown))
    if takedown.adapter == TAKEN:
        keys = tuple(await store.query(Made(takedown.message)))
        found: list[Entry] = await store.query(Message(said["message"]))
        since = found[0].finished
    else:
        keys, since = tuple(keys_of(takedown)), said["since"]
    return Concern(keys, await about(store, keys), since)


async def about(store: Store, keys: Sequence[Key]) -> tuple[str, ...]:
    """The Patients whom resources are, and were, about."""
    found = {id_ for type_, id_ in keys if type_ == "Patient"}
    for *_, subject in await store.query(Versions(tuple(keys))) if keys else ():
        found |= {subject} - {""}
    return tuple(sorted(found))


async def sightings(trail: Trail, audit: Auditor, of: Concern, until: int = 1 << 61) -> list[Sighting]:
    """Who saw it, oldest first, up to ``until`` (microseconds)."""
    patients = audit.ids(of.patients)
    keys: set[Key] = {(type_, audit.ids((id_,))[0]) for type_, id_ in of.keys}
    found: dict[tuple[int, int], Sighting] = {}
    for start in range(0, len(patients), PATIENTS):
        some = patients[start : start + PATIENTS]
        after: tuple[int, int, int, int] | None = None
        while True:
            wanted = Wanted(
                patients=some, kinds=(READ,), low=of.since, high=until + 1, outcomes=("0",), page=PAGE, after=after, oldest=True
            )
            page = await asyncio.to_thread(trail.find, wanted)
            found.update({(event.chain, event.sequence): _sighting(event, row) for event, row in page if _gave(row, keys)})
            if len(page) <= PAGE:
                break
            last = page[-1][0]
            after = last.time, last.chain, last.sequence, last.number
    return sorted(found.values(), key=lambda one: (one.time, one.event))


async def told(trail: Trail) -> dict[int, int]:
    """The takedowns of which it is put down who saw what they took away, and when that was (microseconds)."""
    found = await asyncio.to_thread(trail.find, Wanted(kinds=(NOTICE,), interactions=(OPERATION,), page=1 << 30, oldest=True))
    return {int(row.id): row.time for _, row in found}


async def tell(store: Store, trail: Trail, audit: Auditor, takedown: int, asker: Asker) -> tuple[Concern, list[Sighting]]:
    """Who saw what a takedown has taken away. The first time it is put down for the outbox; later answers are the same.

    Raises Problem ``audit-unavailable``."""
    (entry,) = await store.query(Message(takedown))
    of = await concern(store, entry)
    until = (await told(trail)).get(takedown)
    found = await sightings(trail, audit, of, 1 << 61 if until is None else until)
    if until is None:
        audit.seen(asker, takedown, sorted({one.who for one in found}))
    return of, found


def _gave(row: Row, keys: set[Key]) -> bool:
    """Whether what a row tells of may have held any of these."""
    if row.interaction == OPERATION:
        return False  # its answer names resources and gives none
    if row.interaction in EXACT:
        return (row.type, row.id) in keys
    if row.interaction in BY_TYPE and not any(name in str(row.more.get("query", "")) for name in INCLUDES):
        return any(row.type == type_ for type_, _ in keys)
    return True


def _sighting(event: Event, row: Row) -> Sighting:
    who = row.who
    name = event_id(event.chain, event.sequence, event.number)
    return Sighting(row.time, who.user, who.role, who.organisation, who.purpose, row.interaction, row.type, name)
