"""Who saw what a takedown has taken away: told from the audit, and put down there once for whoever is to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import orjson

from interop.api.auditing.auditor import Auditor
from interop.apply.journalled import TAKEN, body_of, keys_of
from interop.apply.scanning import made_by
from interop.apply.withdrawn import loaded
from interop.audit.events import event_id
from interop.audit.row import CHANGE, NOTICE, READ, Row
from interop.audit.trail import Trail
from interop.notify.topics import Topic
from interop.policy.asker import Asker
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Message, Search, Versions
from interop.store.seam import Store
from interop.store.sqlite.audit_index import Event, Wanted
from interop.store.values import Entry, Stored

EXACT: Final = ("read", "vread", "history-instance")
"""Interactions whose row names the one resource that was given."""
BY_TYPE: Final = ("search-type", "history-type")
OPERATION: Final = "$takedown"
BEYOND: Final = ("_include", "_revinclude", "_has", ".")
"""In a query's names of parameters: it reaches resources of other types than its own."""
PAGE: Final = 1_000
PATIENTS: Final = 400
NOW: Final = 1 << 61
SUBSCRIBED: Final = ("requested", "active", "error")
SUBSCRIPTIONS: Final = 10_000
Key = tuple[str, str]


class Concern(NamedTuple):
    """What was taken down: resources, the Patients whom they were about (ids as they stand in the audit), from when on they could
    be seen (microseconds)."""

    keys: frozenset[Key]
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


class Seen(NamedTuple):
    """What the audit tells: ``gaps`` are spans (microseconds) in which reads may lack, where the power went."""

    sightings: list[Sighting]
    gaps: list[tuple[int, int]]


def concern(audit: Auditor, keys: Sequence[Key], patients: Sequence[str], since: int) -> Concern:
    """What is, or was, taken down."""
    return Concern(frozenset((type_, audit.ids((id_,))[0]) for type_, id_ in keys), audit.ids(patients), since)


async def about(store: Store, keys: Sequence[Key]) -> tuple[str, ...]:
    """The Patients whom resources are, and were, about."""
    found = {id_ for type_, id_ in keys if type_ == "Patient"}
    for *_, subject in await store.query(Versions(tuple(keys))) if keys else ():
        found |= {subject} - {""}
    return tuple(sorted(found))


async def taken_away(store: Store, takedown: Entry) -> list[Key]:
    """The resources that a takedown which is done has changed."""
    return await made_by(store, takedown.message) if takedown.adapter == TAKEN else keys_of(takedown)


async def sightings(trail: Trail, of: Concern, until: int = NOW) -> Seen:
    """Who saw it, oldest first, up to ``until`` (microseconds)."""
    found: dict[tuple[int, int], Sighting] = {}
    span = Wanted(kinds=(READ, CHANGE), low=of.since, high=until + 1, outcomes=("0",), oldest=True)
    for start in range(0, len(of.patients), PATIENTS):
        await _find(trail, span._replace(patients=of.patients[start : start + PATIENTS]), of.keys, found)
    types = tuple({type_ for type_, _ in of.keys} - {"Patient"})
    if types:  # what names nobody, such as a Binary, is in the audit without a patient
        await _find(trail, span._replace(types=types), of.keys, found)
    gaps = [each for each in await trail.aside(trail.gaps, of.since) if each[0] <= until]
    return Seen(sorted(found.values(), key=lambda one: (one.time, one.event)), gaps)


async def _find(trail: Trail, wanted: Wanted, keys: frozenset[Key], found: dict[tuple[int, int], Sighting]) -> None:
    after: tuple[int, int, int, int] | None = None
    while True:
        page = await trail.aside(trail.find, wanted._replace(page=PAGE, after=after))
        for event, row in page:
            if (wanted.patients or not row.patients) and _gave(row, keys):
                found[event.chain, event.sequence] = _sighting(event, row)
        if len(page) <= PAGE:
            return
        last = page[-1][0]
        after = last.time, last.chain, last.sequence, last.number


async def told(trail: Trail) -> dict[int, int]:
    """The takedowns of which it is put down who saw what they took away, and when that was (microseconds)."""
    found = await trail.aside(trail.find, Wanted(kinds=(NOTICE,), interactions=(OPERATION,), page=1 << 30, oldest=True))
    return {int(row.id): row.time for _, row in found}


async def tell(
    store: Store, trail: Trail, audit: Auditor, takedown: int, asker: Asker, topics: Mapping[str, Topic]
) -> tuple[list[Key], Concern, Seen]:
    """What a takedown has taken away and who saw it. The first time it is put down for the outbox; later answers are the same.
    ``topics`` are those that Subscriptions may follow.

    Raises Problem ``audit-unavailable``."""
    async with audit.telling:
        (entry,) = await store.query(Message(takedown))
        keys = await taken_away(store, entry)
        of = await _concern(store, trail, audit, entry, keys)
        until = (await told(trail)).get(takedown)
        found = await sightings(trail, of, NOW if until is None else until)
        if until is None:
            who_saw = sorted({one.who for one in found.sightings})
            audit.seen(asker, takedown, who_saw, await subscribers(store, {type_ for type_, _ in keys}, topics))
    return keys, of, found


async def _concern(store: Store, trail: Trail, audit: Auditor, entry: Entry, keys: Sequence[Key]) -> Concern:
    """What was about to be taken away, as the audit has it: the record holds withheld versions no longer; and what was."""
    if entry.adapter == TAKEN:
        (message,) = await store.query(Message(orjson.loads(entry.body)["message"]))
        since = message.finished
    else:
        since = loaded(body_of(entry))[0].since
    of = concern(audit, keys, await about(store, keys), since)
    chain, _, sequence = entry.control_id.removeprefix("audit:").partition("-")
    row = await trail.aside(trail.one, int(chain), int(sequence), 0) if sequence else None
    if row is None:
        return of
    named = {(type_, id_) for _, type_, id_ in row[1].more.get("keys", ())}
    return Concern(of.keys | named, tuple(sorted({*of.patients, *row[1].patients})), since)


async def subscribers(store: Store, types: set[str], topics: Mapping[str, Topic]) -> list[str]:
    """The Subscriptions of the record that ask for resources of these types, by criteria (FHIR R4 Subscription.criteria) or by one
    of the ``topics``."""
    found: list[Stored] = await store.query(Search(PERMIT_ALL, "Subscription", count=SUBSCRIPTIONS))
    names = []
    for one in found:
        said = orjson.loads(one.body)
        criteria = str(said.get("criteria", ""))
        of = topics[criteria].type if criteria in topics else criteria.partition("?")[0]
        if said.get("status") in SUBSCRIBED and of in types:
            names.append(f"Subscription/{one.id}")
    return sorted(names)


def _gave(row: Row, keys: frozenset[Key]) -> bool:
    """Whether what a row tells of may have held any of these. Who changed a resource had it before them."""
    if row.interaction == OPERATION or (row.kind == READ and not row.resources):
        return False  # a takedown's answer names resources and gives none
    if row.kind == CHANGE:
        return any((type_, id_) in keys for _, type_, id_ in row.more.get("keys", ()))
    if row.interaction in EXACT:
        return (row.type, row.id) in keys
    if row.interaction in BY_TYPE and not any(name in str(row.more.get("query", "")) for name in BEYOND):
        return any(row.type == type_ for type_, _ in keys)
    return True


def _sighting(event: Event, row: Row) -> Sighting:
    who = row.who
    name = event_id(event.chain, event.sequence, event.number)
    return Sighting(row.time, who.user, who.role, who.organisation, who.purpose, row.interaction, row.type, name)
