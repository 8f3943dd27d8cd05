"""Who has written what bears a rule's tag: it is anybody's to write, and the engine's own alone counts."""

from __future__ import annotations

from interop.apply.acting.recipients import CLIENT
from interop.apply.drafts import FEED
from interop.apply.journalled import author_of
from interop.errors import Problem
from interop.ids import minted
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Message, ReadVersion
from interop.store.seam import Store
from interop.store.values import Entry, Stored


async def ours(store: Store, type: str, id: str) -> bool:
    """Whether a resource was made by the engine itself, by a rule or a clock: a rule's tag is anybody's to write."""
    first: list[Stored] = await store.query(ReadVersion(PERMIT_ALL, type, id, 1))
    return minted(id) and bool(first) and await written_by_us(store, first[0], True)


async def written_by_us(store: Store, version: Stored, unknown: bool) -> bool:
    """Whether it was a rule or a clock that wrote a version, by the journal's author of it; ``unknown`` where the journal no longer
    keeps what it was."""
    entries: list[Entry] = await store.query(Message(version.message)) if version.message else []
    try:
        who = next((author_of(each) for each in entries if each.feed == FEED), None)
    except Problem:
        return unknown
    return who is not None and (who.user, who.role, who.client) == ("", "system", CLIENT)
