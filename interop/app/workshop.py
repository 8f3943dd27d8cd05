"""The half of an engine that works the journal off: store, mappers, applier. It opens no port."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from interop.app.backup.restoring import RESTORED
from interop.app.feeds import Owned
from interop.app.opening import open_store
from interop.app.settings import Settings
from interop.apply.applier import Applier
from interop.apply.dispatcher import Dispatcher
from interop.apply.garbage import settle
from interop.apply.generation import generation
from interop.apply.governance import Governance
from interop.apply.identity_queue import IdentityQueue
from interop.apply.indexed_store import IndexedStore
from interop.apply.journalled import ADAPTERS, REPLAYED, TAKEN
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
from interop.errors import Problem
from interop.ids import Mint
from interop.mapping.library import check_site, family
from interop.mapping.tables import families
from interop.ports import Feed, MessageState
from interop.record.indexing import Indexing
from interop.store.plan import Meta, Waiting
from interop.store.seam import Store
from interop.store.sql.store import SqlStore
from interop.store.values import Change, Outcome

SWITCH_INTERVAL = 0.0001
"""Seconds after which a busy thread yields: the commit threads run beside the loop."""

Told = Callable[[int, MessageState, Problem | None], None]


@dataclass(slots=True)
class Workshop:
    """Works the journal off. ``unfinished`` and ``finished`` count messages; ``told`` hears of each outcome."""

    settings: Settings
    clock: Clock
    store: SqlStore
    mint: Mint
    mappers: Mappers
    applier: Applier
    writes: Writes
    dispatcher: Dispatcher
    indexing: Indexing
    reindexer: Reindexer
    identity_queue: IdentityQueue
    governance: Governance
    whereabouts: Whereabouts
    takedowns: Takedowns
    replays: Replays
    router: Router
    unfinished: int = 0
    finished: int = 0
    told: list[Told] = field(default_factory=list)
    indexed: IndexedStore = field(init=False)
    linking: Linking = field(init=False)

    @classmethod
    async def open(cls, settings: Settings, feeds: Mapping[str, Feed], clock: Clock | None = None) -> Workshop:
        """Check the tables, open the store. Raises TablesRefused; BlockingIOError where another engine has it; ValueError where
        the database belongs to another key."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        feeds = Owned(feeds, test_numbers=settings.test_numbers)
        check_tables()
        clock = clock or SystemClock()
        store = await open_store(settings.data, settings.database, clock=clock)
        key = id_key(settings.data)
        if settings.database is not None:
            try:
                await check_key(store, key)
            except BaseException:
                await store.close()
                raise
        note = settings.data / RESTORED
        made = await generation(store, note.read_bytes() if note.is_file() else b"")
        mappers = Mappers(settings.mapper_count, key)
        indexing = Indexing()
        reindexer = Reindexer(store, indexing, clock)
        mint = Mint(key)
        governance = Governance(mint, feeds, settings.consent)
        whereabouts = Whereabouts(store)
        underway = Underway()
        indexed = IndexedStore(store, indexing, reindexer, lambda change: _tell(change, governance, whereabouts), underway)
        router = indexed.router = Router(store, clock)
        router.generation = made
        linking = Linking()
        applier = Applier(indexed, clock, feeds, linking, underway)
        applier.hears = router.hears
        shop: list[Workshop] = []
        teller, keeping = Teller(indexed, mappers, feeds), Keeping(store, clock)
        takedowns = Takedowns(indexed, clock, teller, linking, lambda count: shop[0]._asked(count), underway)
        replays = Replays(indexed, clock, teller, linking, keeping, lambda count: shop[0]._asked(count), underway)
        orders = {TAKEN: takedowns.perform, REPLAYED: replays.perform}
        dispatcher = Dispatcher(store, mappers, applier, feeds, orders, keeping, lambda *outcome: shop[0]._finished(*outcome))
        writes = Writes(indexed, clock, update_creates=settings.update_creates, linking=linking, underway=underway)
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
        shop[0].indexed, shop[0].linking = indexed, linking
        return shop[0]

    async def start(self, *, hold: bool = False) -> None:
        """Bring the index up to date, finish what the API left, then begin to work off the journal; not with ``hold``."""
        await self.reindexer.start()
        await self.governance.start(self.store)
        async for entry in self.store.stream(Waiting(0)):
            if entry.size and not entry.body:
                gone = Outcome(entry.message, MessageState.FAILED, self.clock.now(), "purged")
                await self.store.commit(Change(outcomes=[gone]))
            elif entry.adapter in ADAPTERS:
                await self.writes.finish(entry)
            else:
                self.unfinished += 1
        await self.mappers.start()
        settle()
        if not hold:
            await self.dispatcher.start()

    async def stop(self) -> None:
        """Finish the batch at hand and close; what is left waits in the journal."""
        await self.dispatcher.stop()
        await self.identity_queue.stop()
        await self.reindexer.stop()
        await self.mappers.stop()
        await self.store.close()

    def added(self, count: int) -> None:
        """So many messages more are in the journal."""
        self.unfinished += count

    def _asked(self, count: int) -> None:
        """So many takedowns or replays are in the journal."""
        self.added(count)
        self.dispatcher.arrived()

    def _finished(self, message: int, state: MessageState, problem: Problem | None) -> None:
        self.unfinished -= 1
        self.finished += 1
        self.takedowns.finished(message)
        self.replays.finished(message)
        for told in self.told:
            told(message, state, problem)


def check_tables() -> None:
    """Compile every family's mapping tables, those of its sites too. Raises TablesRefused."""
    for name in families():
        for site in family(name).sites:
            check_site(name, site)


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


def id_key(directory: Path) -> bytes:
    """The deployment's key of resource ids: made at the first start, kept beside the data, readable by its owner alone."""
    path = directory / "id.key"
    with suppress(FileNotFoundError):
        return path.read_bytes()
    key, made = secrets.token_bytes(32), directory / "id.key.new"
    with os.fdopen(os.open(made, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return key


def key_digest(key: bytes) -> str:
    """The digest by which a database knows the key that its ids were made with."""
    return hashlib.sha256(b"interop id key" + key).hexdigest()


async def check_key(store: Store, key: bytes) -> None:
    """A database keeps the digest of the key that its ids were made with: beside another, every person would be there twice.

    Raises ValueError where it is another."""
    digest = key_digest(key)
    kept = await store.query(Meta("id key"))
    if not kept:
        await store.commit(Change(meta=[("id key", digest)]))
    elif kept != [digest]:
        raise ValueError("The id.key in the data directory is not the one that this database's ids were made with: restore it.")
