"""What is found by going through all of the journal or the record, a portion at a time: others read in between."""

from __future__ import annotations

import orjson

from interop.apply.asked import Key
from interop.store.plan import Made, Message, Messages, Sharing
from interop.store.seam import Store
from interop.store.values import REPLAY


async def made_by(store: Store, *messages: int) -> list[Key]:
    """The resources of which any of these messages has made a version, in order."""
    found: list[Key] = []
    above = 0
    while True:
        ((above, keys),) = await store.query(Made(messages, above))
        found += keys
        if not above:
            return sorted(found)


async def sharing_with(store: Store, *messages: int) -> set[int]:
    """Other messages that have a patient identifier in common with any of these."""
    found: set[int] = set()
    above = 0
    while True:
        ((above, numbers),) = await store.query(Sharing(messages, above))
        found.update(numbers)
        if not above:
            return found - {*messages}


async def replays_of(store: Store, message: int) -> list[int]:
    """The replays in which a message was told again."""
    found: list[int] = []
    before = 0
    while page := await store.query(Messages(feed=REPLAY, before=before)):
        for number in [each.message for each in page if each.adapter == REPLAY]:
            (entry,) = await store.query(Message(number))
            if message in orjson.loads(entry.body)["messages"]:
                found.append(number)
        before = page[-1].message
    return sorted(found)
