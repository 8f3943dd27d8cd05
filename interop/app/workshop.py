"""The half of an engine that works the journal off: store, mappers, applier. It opens no port."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from interop.api.roles import INGEST, WORKER
from interop.app.at_work import AtWork
from interop.app.backup.restoring import RESTORED
from interop.app.feeds import Owned
from interop.app.keys import check_key, id_key
from interop.app.naming import Named, have_name
from interop.app.opening import open_store
from interop.app.settings import Settings
from interop.app.signalling import signals_of
from interop.app.tables import check_tables
from interop.apply.applier import Applier
from interop.apply.claims import AllThatWaits, SharedClaims
from interop.apply.dispatcher import Dispatcher
from interop.apply.elsewhere import Elsewhere
from interop.apply.following import Following
from interop.apply.generation import generation
from interop.apply.governance import Governance
from interop.apply.hearing import Hearing
from interop.apply.identity_queue import IdentityQueue
from interop.apply.indexed_store import IndexedStore
from interop.apply.journalled import REPLAYED, TAKEN
from interop.apply.keeping import Keeping
from interop.apply.persons import Linking
from interop.apply.pool import Mappers
from interop.apply.reindexing import Reindexer
from interop.apply.replays import Replays
from interop.apply.retelling import Teller
from interop.apply.routing import Router
from interop.apply.takedown import Takedowns
from interop.apply.underway import Underway
from interop.apply.whereabouts import Whereabouts
from interop.apply.writes import Writes
from interop.clock import Clock, SystemClock
from interop.ids import Mint
from interop.ports import Feed
from interop.ports.signals import CHANGED
from interop.record.indexing import Indexing
from interop.store.values import Change

SWITCH_INTERVAL = 0.0001
"""Seconds after which a busy thread yields: the commit threads run beside the loop."""


@dataclass(slots=True)
class Workshop(AtWork):
    """The parts of a workshop, put together from its settings; what they do together is ``AtWork``."""

    @classmethod
    async def open(cls, settings: Settings, feeds: Mapping[str, Feed], clock: Clock | None = None) -> Workshop:
        """Check the tables, which who only takes messages in does not use; open the store. Raises TablesRefused; BlockingIOError
        where another engine has it; ValueError where the database belongs to another key."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        feeds = Owned(feeds, test_numbers=settings.test_numbers)
        if settings.roles != {INGEST}:
            check_tables()
        clock = clock or SystemClock()
        store = await open_store(settings.data, settings.database, clock=clock)
        key = id_key(settings.data)
        note = settings.data / RESTORED
        try:
            await have_name(store.seats, settings.name)
            async with store.starting():
                if settings.database is not None:
                    await check_key(store, key)
                made = await generation(store, note.read_bytes() if note.is_file() else b"")
            signals = signals_of(settings, key)
        except BaseException:
            await store.close()
            raise
        mappers = Mappers(settings.mapper_count if WORKER in settings.roles else 0, key)
        indexing = Indexing()
        reindexer = Reindexer(store, indexing, clock)
        shared = store.locks is not None
        reindexer.elsewhere = shared
        mint = Mint(key)
        governance = Governance(mint, feeds, settings.consent)
        whereabouts = Whereabouts(store)
        underway = Underway()
        indexed = IndexedStore(store, indexing, reindexer, lambda change: _tell(change, governance, whereabouts), underway)
        router = indexed.router = Router(store, clock)
        router.generation = made
        linking = Linking(store.locks)
        hearing = Hearing(store, governance, whereabouts, indexing, reindexer, linking)
        indexed.following = Following(store, hearing.hear, hearing.anew) if shared else None
        applier = Applier(indexed, clock, feeds, linking, underway)
        applier.hears = router.hears
        shop: list[Workshop] = []
        teller, keeping = Teller(indexed, mappers, feeds), Keeping(store, clock)
        takedowns = Takedowns(indexed, clock, teller, linking, lambda message: shop[0]._asked(message), underway)
        replays = Replays(indexed, clock, teller, linking, keeping, lambda message: shop[0]._asked(message), underway)
        orders = {TAKEN: takedowns.perform, REPLAYED: replays.perform}
        claims = SharedClaims(store, store.seats, signals, lambda: mappers.prepared) if shared else AllThatWaits(store)
        dispatcher = Dispatcher(claims, mappers, applier, feeds, orders, keeping, lambda *outcome: shop[0]._finished(*outcome))
        writes = Writes(
            indexed, clock, update_creates=settings.update_creates, linking=linking, underway=underway, beyond=store.locks
        )
        queue = IdentityQueue(indexed, clock, linking, dispatcher.idle, test_numbers=settings.test_numbers)
        shop.append(
            cls(
                settings,
                clock,
                store,
                mint,
                mappers,
                applier,
                writes,
                dispatcher,
                indexing,
                reindexer,
                queue,
                governance,
                whereabouts,
                takedowns,
                replays,
                router,
            )
        )
        shop[0].seats = store.seats
        shop[0]._named = Named(store.seats, settings.name)
        if indexed.following is not None:
            try:
                await indexed.following.begin()
            except BaseException:
                await store.close()
                raise
        shop[0].indexed, shop[0].linking, shop[0].hearing = indexed, linking, hearing
        shop[0].signals = signals
        if shared:
            shop[0].elsewhere = Elsewhere(
                store, shop[0]._awaited, shop[0]._told, lambda: shop[0]._added, shop[0]._counted, lambda: signals.wait
            )
        indexed.changed = partial(signals.tell, CHANGED)
        return shop[0]


def _tell(change: Change, governance: Governance, whereabouts: Whereabouts) -> None:
    """What is on disk, to those who keep something of it in memory."""
    governance.committed(change)
    whereabouts.committed(change)


@asynccontextmanager
async def working(settings: Settings, feeds: Mapping[str, Feed]) -> AsyncIterator[Workshop]:
    """A workshop that works until the block ends."""
    shop = await Workshop.open(settings, feeds)
    try:
        await shop.start()
        yield shop
    finally:
        await shop.stop()
