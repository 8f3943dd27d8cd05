"""The API over a real intake with one declared feed, for tests of adapters' own protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from interop.api.services import Services
from interop.app.knowing import Routes
from interop.apply.writes import Writes
from interop.clock import ManualClock
from interop.ids import Mint
from interop.journal.intake import JournalIntake
from interop.mapping.library import adapters
from interop.ports import Feed
from interop.store.sqlite import SqliteStore


@asynccontextmanager
async def serving(store: SqliteStore, clock: ManualClock, feed: Feed, limit: int) -> AsyncIterator[Services]:
    """Services whose intake takes at most ``limit`` unfinished messages; nothing works them off."""
    feeds = {feed.name: feed}
    taken: list[int] = []
    intake = JournalIntake(
        store,
        adapters(),
        feeds,
        clock,
        routed=Routes().has,
        arrived=lambda: None,
        again=lambda message: None,
        added=lambda count, early: taken.append(count),
        unfinished=lambda: sum(taken),
        limit=limit,
    )
    writes = Writes(store, clock, new_id=lambda: "new")
    yield Services(store, intake, clock, Mint(), writes, feeds, adapters())
    await intake.drain()
