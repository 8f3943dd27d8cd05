"""Which making of a record this is: what happened before it is sent to nobody by itself, no later event has an earlier one's id.

A record that is made from a journal (its files are gone, a restore into a database, a rebuild) cannot know who was told what.
Numbers and versions may come again for something else, after any restore: the generation is in the ids of deliveries.
"""

from __future__ import annotations

from hashlib import blake2b
from secrets import token_hex
from typing import Final, NamedTuple

from interop.store.plan import Deliveries, Messages, Meta, Noted
from interop.store.seam import Store
from interop.store.values import Change, Delivery

GENERATION: Final = "generation"
BEFORE: Final = "generation made from messages up to"
PAUSED: Final = "paused destination "
PAGE: Final = 1_000
"""Deliveries that are carried at a time."""


class Generation(NamedTuple):
    """``before`` is the last message of the journal when the record was begun, 0 where there was none."""

    id: str = ""
    before: int = 0


async def generation(store: Store, restored: bytes = b"") -> Generation:
    """The generation of this record, begun where there is none; ``restored``: what tells a restore from others, b'' for none.
    Before anything else is committed."""
    known: list[str] = await store.query(Meta(GENERATION))
    if known:
        before = int(next(iter(await store.query(Meta(BEFORE))), "0"))
    else:
        before = next((entry.message for entry in await store.query(Messages(count=1))), 0)
    made = blake2b(restored, digest_size=8).hexdigest() if restored else known[0] if known else token_hex(8)
    if known != [made]:
        await store.commit(Change(meta=[(GENERATION, made), (BEFORE, str(before))]))
    return Generation(made, before)


async def carry(source: Store, target: Store, last: int) -> int:
    """Take the deliveries of messages up to ``last``, in whatever state, and the pauses of destinations from a record into one that
    is made again; how many deliveries."""
    after = count = 0
    while await source.query(Meta(GENERATION)):  # an older version's record has none, and no deliveries
        found: list[Delivery] = await source.query(Deliveries(after=after, count=PAGE))
        if not found:
            break
        after = found[-1].sequence
        rows = [each for each in found if each.message <= last]
        count += len(rows)
        await target.commit(Change(deliveries=rows))
    if paused := await source.query(Noted(PAUSED)):
        await target.commit(Change(meta=paused))
    return count
