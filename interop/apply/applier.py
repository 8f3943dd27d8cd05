"""Contributions into the record: what a batch of messages yields becomes one Change, message by message in order.

The change is computed from the present heads and expects them; where something else changed a resource meanwhile the store
says so and the batch is computed again. A message's facts and its outcome are in the same change: applied exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import perf_counter

from interop.apply.asked import Key
from interop.apply.batch import Batch, Scopes
from interop.apply.mapping_work import Yield
from interop.apply.persons import Linker, Linking
from interop.apply.shelving import tell
from interop.apply.underway import Underway
from interop.clock import Clock
from interop.errors import Problem
from interop.mapping.snapshots import MARK
from interop.ports import Feed, MessageState
from interop.store.plan import STOPPED, Heads, Meta, Said, Snapshots
from interop.store.seam import Store
from interop.store.values import Change, Conflict, Head
from interop.watching import Histogram

SLICE = 0.001
"""Seconds of computing after which senders get their turn on the loop."""


class Applier:
    """Applies batches, one at a time. ``feeds`` tell whether 999 NHS numbers may link records."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        feeds: Mapping[str, Feed],
        linking: Linking | None = None,
        underway: Underway | None = None,
    ) -> None:
        self._underway = underway or Underway()
        self._linking = linking or Linking()
        self._store, self._clock, self._feeds = store, clock, feeds
        self.hears: Callable[[str], bool] = lambda family: False
        """Whether anyone wants to know of messages of a family."""
        self.watch: Callable[[list[tuple[int, MessageState, Problem | None]], int], None] | None = None
        """Who is told of what was applied, and when that was begun, in microseconds."""
        self.seconds: dict[str, Histogram] = {}
        """From when messages were received until they were applied, by feed."""
        self.conflicts = 0
        self.unchanged = 0

    async def apply(self, batch: list[Yield]) -> list[tuple[int, MessageState, Problem | None]]:
        """Commit a batch; what became of each message. Raises Problem where the store cannot be written."""
        begun = self._clock.now()
        while True:
            async with self._linking.lock:
                with self._underway.at(self._clock.now()):
                    change, outcomes = await self._compute(batch)
                    done = not isinstance(await self._store.commit(change), Conflict)
            if done:
                self._linking.committed(change)
                self._timed(batch)
                tell(change)
                if self.watch is not None:
                    self.watch(outcomes, begun)
                return outcomes
            self.conflicts += 1

    def _timed(self, batch: list[Yield]) -> None:
        now = self._clock.now()
        for made in batch:
            if made.received and made.problem is None:
                seconds = self.seconds.get(made.feed)
                if seconds is None:
                    seconds = self.seconds[made.feed] = Histogram()
                seconds.add((now - made.received) / 1_000_000)

    async def _compute(self, batch: list[Yield]) -> tuple[Change, list[tuple[int, MessageState, Problem | None]]]:
        wanted = {(piece.type, piece.id): None for made in batch for piece in made.pieces}
        scopes = await self._scopes(batch)
        wanted |= dict.fromkeys(key for keys in scopes.said.values() for key in keys)
        heads: dict[Key, Head] = {}
        if wanted:
            heads = {(head.type, head.id): head for head in await self._store.query(Heads(tuple(wanted)))}
        linker = Linker(self._store)
        await linker.load(batch, {id_ for kind, id_ in wanted if kind == "Patient"})
        work = Batch(self._clock.now(), heads, linker, self._feeds, scopes, await self._standing_still(batch))
        outcomes = []
        until = perf_counter() + SLICE
        for made in batch:
            outcomes.append(work.message(made))
            if made.problem is None and self.hears(made.family):
                work.heard(made)
            if perf_counter() > until:
                await asyncio.sleep(0)
                until = perf_counter() + SLICE
        self.unchanged += work.unchanged
        return await work.change(), outcomes

    async def _standing_still(self, batch: list[Yield]) -> set[str]:
        """The feeds of a batch that wait for somebody to let them go on: a point read for each that is to stop at all."""
        stopping = dict.fromkeys(made.feed for made in batch if (feed := self._feeds.get(made.feed)) is not None and feed.stops)
        return {feed for feed in stopping if any(await self._store.query(Meta(STOPPED + feed)))}

    async def _scopes(self, batch: list[Yield]) -> Scopes:
        """What the store knows of the scopes of a batch: two indexed reads, none where no message is of any."""
        known = Scopes()
        named = {(made.feed, piece.event): None for made in batch if made.order for piece in made.pieces if piece.event[:1] == MARK}
        whole = {(made.feed, scope): None for made in batch for scope in made.whole}
        named |= whole
        if named:
            for one in await self._store.query(Snapshots(tuple(named))):
                known.since[one.feed, one.scope] = [one.time, one.version, one.tie]
        if whole:
            for feed, scope, type_, id_ in await self._store.query(Said(tuple(whole))):
                known.said.setdefault((feed, scope), {})[type_, id_] = None
        return known
