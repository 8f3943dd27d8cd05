"""Decisions about who is who, from the journal into the record: a Linkage that is written changes links in the same commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from interop.apply.asked import Key
from interop.apply.journalled import Step
from interop.apply.persons import Linker
from interop.identity.decisions import LINKAGE, Decided, decided
from interop.store.seam import Store
from interop.store.values import Change, Entry, Head


def decisions_of(change: Change, steps: Sequence[Step], heads: Mapping[Key, Head]) -> list[Decided]:
    """What a change of the API decides: the Linkages that it writes, and those that it takes away or turns to another pair."""
    if not any(put.stored.type == LINKAGE for put in change.puts):
        return []
    said: dict[tuple[str, str], Decided] = {}
    for step in steps:
        if step.key[0] != LINKAGE:
            continue
        head = heads.get(step.key)
        before = decided(orjson.loads(head.body)) if head is not None and head.body else None
        after = decided(step.draft.resource) if step.draft is not None else None
        if before is not None and before.decision:
            said.setdefault(before[:2], before._replace(decision=""))
        if after is not None:
            said[after[:2]] = after
    return list(said.values())


async def link(store: Store, change: Change, said: Sequence[Decided], entry: Entry) -> None:
    """Put into the change what follows from decisions."""
    linker = Linker(store)
    for one in said:
        linker.decided(one, entry.message, entry.received)
    change.links, change.link_events, change.pairs = await linker.settled()
