"""Which messages of the journal a replay takes: by a plan, by what a feed holds back, and those that can be mapped again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Final

from interop.apply.awaiting import WAITING
from interop.apply.journalled import ADAPTERS, DOWN, ORDERS
from interop.ports import MessageState
from interop.store.plan import Message, Replayable
from interop.store.seam import Store
from interop.store.values import Entry

MOST: Final = 1_000
"""Messages of one replay."""
AT_ONCE: Final = 200
"""Messages that a feed held back are applied so many at a time."""


async def chosen(store: Store, plan: Replayable) -> tuple[list[int], int]:
    """The messages that a plan means, at most its ``count``, and after which the next of them begin; 0 where there are no more."""
    numbers: list[int] = []
    while True:
        found: list[tuple[int, list[int]]] = await store.query(replace(plan, count=plan.count - len(numbers)))
        ((after, some),) = found
        numbers += some
        if not after or len(numbers) >= plan.count:
            return numbers, after
        plan = replace(plan, after=after)


async def held_back(store: Store, feed: str, before: int) -> AsyncIterator[list[int]]:
    """All that a feed that stands still holds back, in order; what comes behind the entry that lets it go on finds it going."""
    after = 0
    while True:
        plan = Replayable(feed, state=MessageState.HELD, after=after, upto=before, count=AT_ONCE)
        numbers, more = await chosen(store, plan)
        if numbers:
            yield numbers
        if not more:
            return
        after = more


async def by_feed(store: Store, numbers: Iterable[int], *, resume: bool) -> tuple[list[list[Entry]], int]:
    """The messages that can be replayed, by feed, and how many are left out that a feed holds back."""
    parts: dict[str, list[Entry]] = {}
    waiting = 0
    for number in sorted({*numbers}):
        for entry in await store.query(Message(number)):
            refused = entry.state == MessageState.REFUSED and not entry.finished  # its sender was told before it was journalled
            emptied = entry.size and not entry.body and entry.state != MessageState.APPLIED
            ours = entry.adapter in (*ADAPTERS, *ORDERS)
            if entry.state == MessageState.HELD and not resume:
                waiting += 1
            elif not (refused or emptied or ours or entry.state in WAITING or entry.reason == DOWN):
                parts.setdefault(entry.feed, []).append(entry)
    return list(parts.values()), waiting
