"""What is disposed of in time: content of messages, replaced versions, what a source alone has said that has withdrawn.

All of it in portions, each of one short commit; nothing waits for it. What the settings keep for ever stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from interop.apply.purging import Purge
from interop.clock import Clock
from interop.policy.facts import Facts
from interop.ports import Feed
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Disposable, Read, Replaced
from interop.store.seam import Store
from interop.store.values import Change, Husk, Withheld

DAY: Final = 24 * 3600 * 1_000_000
WINDOW: Final = 8 * DAY
"""The content of no younger message goes: for seven days a repeat is compared with what came first."""


class Keep(NamedTuple):
    """For how many days what is kept; 0 = for ever. ``purge``: so many days after a source has withdrawn its last agreement what it
    alone has said is purged; None = never."""

    journal: int = 0
    versions: int = 0
    audit: int = 0
    purge: int | None = None


@dataclass(slots=True)
class Disposed:
    """What was disposed of, or would be: messages whose content goes and its bytes, versions, resources of sources that have
    withdrawn, by source. ``more``: there is more to do."""

    messages: int = 0
    size: int = 0
    versions: int = 0
    parts: int = 0
    """Parts of the audit."""
    sources: dict[str, int] = field(default_factory=dict)
    certificates: list[int] = field(default_factory=list)
    more: bool = False


class Retention:
    """``purge`` does what a withdrawal comes to; ``facts`` are the agreements as they stand."""

    def __init__(
        self, store: Store, clock: Clock, keep: Keep, feeds: Mapping[str, Feed], facts: Callable[[], Facts], purge: Purge
    ) -> None:
        self._store, self._clock, self._keep, self._feeds, self._facts = store, clock, keep, feeds, facts
        self._purge = purge
        self._lock = asyncio.Lock()

    async def due(self) -> Disposed:
        """What a run would do now."""
        found = Disposed()
        async for husks in self._messages():
            found.messages += len(husks)
            found.size += sum(size for _, size, _ in husks)
        async for held in self._versions():
            found.versions += sum(each.last - each.first + 1 for each in held)
        for source in await self.withdrawn():
            found.sources[source] = await self._purge.count(source)
        return found

    async def run(self, most: int = 2_000) -> Disposed:
        """Dispose of what is due, of so much at least before it says that there is more. One run at a time."""
        async with self._lock:
            done = Disposed()
            for source, since in (await self.withdrawn()).items():
                purged, certificate = await self._purge.run(source, since, self._own(source), most)
                if purged:
                    done.sources[source] = purged
                done.certificates += [certificate] if certificate else []
                done.more |= not certificate and purged > 0
            async for husks in self._messages():
                await self._store.commit(Change(husks=[Husk(message, True) for message, _, _ in husks]))
                done.messages += len(husks)
                done.size += sum(size for _, size, _ in husks)
                if done.messages >= most:
                    done.more = True
                    break
            async for held in self._versions():
                await self._store.commit(Change(withheld=held))
                done.versions += sum(each.last - each.first + 1 for each in held)
                if done.versions >= most:
                    done.more = True
                    break
            return done

    async def withdrawn(self) -> dict[str, int]:
        """The sources of which everything is due to be purged, and since when they have withdrawn."""
        if self._keep.purge is None:
            return {}
        now, found = self._clock.now(), dict[str, int]()
        by: dict[str, list[tuple[bool, int]]] = {}
        for each in self._facts().agreements:
            ended = each.status == "withdrawn" or (each.status == "active" and each.end <= now)
            since = each.end if each.status == "active" else 0
            if each.status == "withdrawn":
                since = max(
                    [stored.updated for stored in await self._store.query(Read(PERMIT_ALL, "Contract", each.id))], default=now
                )
            by.setdefault(each.source, []).append((each.status == "withdrawn", since if ended else now))
        for source, lines in by.items():
            last = max(since for _, since in lines)
            if any(withdrawn for withdrawn, _ in lines) and last + self._keep.purge * DAY < now:
                found[source] = last
        return found

    def _own(self, source: str) -> tuple[str, ...]:
        """The feeds that tell of nobody else's data than this source's."""
        return tuple(
            name
            for name, feed in self._feeds.items()
            if source in (feed.organisation, f"feed:{name}") and all(code == source for _, code in feed.also)
        )

    async def _messages(self) -> AsyncIterator[list[tuple[int, int, bytes]]]:
        if self._keep.journal:
            before = self._clock.now() - max(self._keep.journal * DAY, WINDOW)
            above = 0
            while True:
                ((above, some),) = await self._store.query(Disposable(before, above=above))
                if some:
                    yield some
                if not above:
                    return

    async def _versions(self) -> AsyncIterator[list[Withheld]]:
        if self._keep.versions:
            before, above = self._clock.now() - self._keep.versions * DAY, 0
            while True:
                ((above, some),) = await self._store.query(Replaced(before, above))
                if some:
                    yield some
                if not above:
                    return
