"""What becomes of resources of the API when something that wrote them is taken down."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from interop.apply.asked import Key
from interop.apply.drafts import Draft, foreign
from interop.apply.journalled import steps_of
from interop.apply.withdrawn import Withdrawn
from interop.errors import Problem
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Heads, History, Message, ReadVersion, Versions
from interop.store.seam import Store
from interop.store.values import Head

_ATTACHED: Final = re.compile(rb'"url":"(?:[^"\\\\]*/)?Binary/([A-Za-z0-9\-.]{1,64})"')
VERSIONS: Final = 10_000
Version = tuple[int, int]
"""Number, and the message that made it."""


async def withdrawing(store: Store, keys: Sequence[Key], message: int) -> list[Withdrawn]:
    """Each resource of which there is anything to be taken: what ``message`` made of it, or with 0 all that it ever was.

    Raises Problem ``not-found``, ``feed-owned``."""
    heads = {(head.type, head.id): head for head in await store.query(Heads(tuple(keys)))}
    versions: dict[Key, list[Version]] = {}
    for type_, id_, version, number, _ in await store.query(Versions(tuple(keys))):
        versions.setdefault((type_, id_), []).append((version, number))
    found = []
    for key in keys:
        if key not in versions and message:
            continue  # it was refused
        if key not in versions:
            raise Problem("not-found")
        if foreign(heads[key]):
            raise Problem("feed-owned")
        one = await _one(store, heads[key], versions[key], message) if message else _all(heads[key], versions[key])
        if one is not None:
            found.append(one)
    return found


def _all(head: Head, versions: Sequence[Version]) -> Withdrawn | None:
    last = head.version - 1 if head.deleted else head.version
    held = [version for version, _ in versions if version <= last]
    return Withdrawn((head.type, head.id), min(held), last, source=head.source) if held else None


async def _one(store: Store, head: Head, versions: Sequence[Version], message: int) -> Withdrawn | None:
    key = head.type, head.id
    own = [version for version, number in versions if number == message]
    if not own:
        return None
    first, last = min(own), max(own)
    if last != head.version:
        return Withdrawn(key, first, last, stands=True)
    earlier = max((each for each in versions if each[0] < first), default=(0, 0))
    before = await store.query(ReadVersion(PERMIT_ALL, *key, earlier[0])) if earlier[0] else []
    if not before or before[0].deleted:
        return None if head.deleted else Withdrawn(key, first, last, source=head.source)
    return Withdrawn(key, first, last, draft=await _written(store, key, earlier[1]), source=before[0].source)


async def _written(store: Store, key: Key, message: int) -> Draft | None:
    """What a message of the journal made of a resource: with the base that it was written under."""
    (entry,) = await store.query(Message(message))
    return next(step.draft for step in steps_of(entry) if step.key == key)


async def attached(store: Store, key: Key) -> list[Key]:
    """The Binaries of the API that any version of a resource attaches: its words are in them."""
    versions = await store.query(History(PERMIT_ALL, *key, count=VERSIONS))
    keys = {("Binary", found.decode("ascii")): None for one in versions for found in _ATTACHED.findall(one.body)}
    heads: list[Head] = await store.query(Heads(tuple(keys))) if keys else []
    return [(each.type, each.id) for each in heads if each.version and not each.deleted and not foreign(each)]
