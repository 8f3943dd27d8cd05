"""What the rules look at: the version that is new, the one before, and what befell them meanwhile."""

from __future__ import annotations

from typing import NamedTuple

from interop.apply.acting.ending import PATIENT
from interop.apply.acting.person import Resource, body
from interop.apply.journalled import REPLAYED, TAKEN
from interop.notify.routes import DELETED
from interop.record.state import load
from interop.rules.happening import noise
from interop.rules.making import made_by
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Group, Heads, Message, Read, ReadVersion
from interop.store.seam import Store
from interop.store.values import Delivery, Entry, Head, Stored


class Seen(NamedTuple):
    """``new`` None: it was deleted; ``before`` None: there was none. ``former`` is whose it was where it was somebody else's."""

    stored: Stored
    new: Resource | None
    before: Resource | None
    former: str = ""


async def versions(store: Store, delivery: Delivery) -> Seen | None:
    """None where there is nothing that could be acted on: it was taken down, its own message says otherwise further on, it is known
    by now not to be true, or the engine made it by a rule."""
    key = delivery.type, delivery.resource
    one: list[Stored] = await store.query(ReadVersion(PERMIT_ALL, *key, delivery.version))
    if not one:
        return None
    later: list[Stored] = await store.query(ReadVersion(PERMIT_ALL, *key, delivery.version + 1))
    if later and _same_message(later[0], one[0]):
        return None
    earlier = await _earlier(store, one[0])
    before = body(earlier) if earlier is not None and not earlier.deleted else None
    if delivery.event == DELETED:
        return Seen(one[0] if earlier is None else earlier, None, before)
    new = body(one[0])
    present: list[Stored] = await store.query(Read(PERMIT_ALL, *key))
    gone = not present or present[0].deleted or noise(body(present[0]))
    if gone or (before is None and made_by(new)):
        return None
    return Seen(one[0], new, before, await _former(store, earlier, one[0]) if before is not None and earlier is not None else "")


async def taken_back(store: Store, stored: Stored, delivery: Delivery) -> bool:
    """Whether a version is what is left when a message was taken down: what it was before is not to be seen any more."""
    one: list[Stored] = await store.query(ReadVersion(PERMIT_ALL, stored.type, stored.id, delivery.version))
    entries: list[Entry] = await store.query(Message(one[0].message)) if one else []
    return bool(entries) and TAKEN in (entries[0].feed, entries[0].adapter)


class Heard(NamedTuple):
    """When the message ``came`` that made a version, and when it was ``said``, by the time that the message bears."""

    came: int
    said: int


async def heard(store: Store, stored: Stored) -> Heard | None:
    """None where the engine has told again what was said long ago. The message of a feed bears a time of its own (EVN-6, EVN-2,
    MSH-7; ``Bundle.timestamp``), which contributions keep; where nothing of it counts by now, it was said no later than what its
    feed has said since. What bears none was said when it came."""
    entries: list[Entry] = await store.query(Message(stored.message))
    if not entries:
        return Heard(stored.updated, stored.updated)
    (entry,) = entries
    if entry.adapter == REPLAYED:
        return None
    heads: list[Head] = await store.query(Heads(((stored.type, stored.id),)))
    said = [
        (each[0], each[3])
        for head in heads
        for (feed, _), state in head.contributions.items()
        if feed == entry.feed
        for each in load(state)["r"].values()
    ]
    own = [time for time, message in said if message == stored.message]
    since = [time for time, message in said if message > stored.message]
    known = min(own, default=0) or max(since, default=0) or entry.received
    return Heard(entry.received, min(known, entry.received))


async def _former(store: Store, earlier: Stored, stored: Stored) -> str:
    """Whose a resource was that a source has moved to another person; '' where it is of whom it was of."""
    if not earlier.subject or stored.subject == earlier.subject or stored.type == PATIENT:
        return ""
    same = stored.subject and earlier.subject in await store.query(Group(PERMIT_ALL, stored.subject))
    return "" if same else earlier.subject


async def _earlier(store: Store, stored: Stored) -> Stored | None:
    """The last version before the message that made this one: a message may take something back and say something else."""
    version = stored.version
    while version > 1:
        version -= 1
        found: list[Stored] = await store.query(ReadVersion(PERMIT_ALL, stored.type, stored.id, version))
        if not found or not _same_message(found[0], stored):
            return found[0] if found else None
    return None


def _same_message(one: Stored, other: Stored) -> bool:
    return one.message == other.message > 0
