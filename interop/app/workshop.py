"""The half of an engine that works the journal off: store, mappers, applier. It opens no port."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog

from interop.api.roles import INGEST, WORKER
from interop.app.backup.restoring import RESTORED
from interop.app.feeds import Owned
from interop.app.naming import Named
from interop.app.opening import open_store
from interop.app.settings import Settings
from interop.app.signalling import signals_of
from interop.apply.applier import Applier
from interop.apply.claims import AllThatWaits, SharedClaims
from interop.apply.dispatcher import Dispatcher
from interop.apply.elsewhere import Elsewhere
from interop.apply.following import Following
from interop.apply.garbage import settle
from interop.apply.generation import generation
from interop.apply.governance import Governance
from interop.apply.hearing import Hearing
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
from interop.background import Background
from interop.clock import Clock, SystemClock
from interop.errors import Problem
from interop.ids import Mint
from interop.ids.secret import kept
from interop.mapping.library import check_site, family
from interop.mapping.reading import families
from interop.ports import Feed, MessageState, Signals, Silent
from interop.ports.signals import APPLIED, ARRIVED, CHANGED
from interop.record.indexing import Indexing
from interop.store.plan import Left, Message, Meta
from interop.store.seam import Store
from interop.store.seats import Alone, Seats
from interop.store.sql.store import SqlStore
from interop.store.values import Change, Entry, Outcome

SWITCH_INTERVAL = 0.0001
"""Seconds after which a busy thread yields: the commit threads run beside the loop."""

NAMED = 8
"""How often a process asks for its name, each half a second."""
FINISHED = 1.0
"""Seconds between two looks at what other processes have left."""
ABANDONED = 2_000_000
"""Microseconds after which a write is looked at by others; they wait for its locks, which its process has while it lives."""
log = structlog.get_logger("interop.workshop")

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
    seats: Seats = field(default_factory=Alone)
    indexed: IndexedStore = field(init=False)
    linking: Linking = field(init=False)
    hearing: Hearing = field(init=False)
    signals: Signals = field(default_factory=Silent)
    """Tells other processes, and hears them."""
    elsewhere: Elsewhere | None = None
    """Sees what other processes do with messages; None where there are none."""
    awaited: list[Callable[[], list[int]]] = field(default_factory=list)
    """Each tells the messages that somebody waits for."""
    expected: tuple[str, ...] = ()
    """The families that messages are expected of."""
    _added: int = 0
    _finishing: Background = field(default_factory=Background)
    _named: Named = field(init=False)

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
        takedowns = Takedowns(indexed, clock, teller, linking, lambda count: shop[0]._asked(count), underway)
        replays = Replays(indexed, clock, teller, linking, keeping, lambda count: shop[0]._asked(count), underway)
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

    async def start(self, *, hold: bool = False) -> None:
        """Bring the index up to date, finish what the API left, then begin to work off the journal; not with ``hold``."""
        if self.following is not None:
            self._named.start()
        await self.reindexer.start()
        await self.governance.start(self.store)
        if self.following is not None:  # after what is kept was read: what was heard is not overwritten by a page read before
            await self.following.start()
        await self.signals.start(self._heard)
        await self._look_over()
        if self.following is not None:
            await self.writes.left()  # goes through the journal now, and not when a client waits for it
        await self.mappers.start()
        settle()
        if self.elsewhere is not None:
            self.elsewhere.start()
        if not hold and WORKER in self.settings.roles:
            await self.dispatcher.start()
        if self.following is not None and WORKER in self.settings.roles:
            self._finishing.start(self._finish())

    def expect(self, first: Iterable[str]) -> None:
        """Messages will be of these families above all."""
        known = families()
        self.expected = tuple(name for name in dict.fromkeys(first) if name in known)
        self.mappers.expect(self.expected)

    def warm(self) -> None:
        """Have mappers compile the tables of all families while they are idle, those first of which messages are expected."""
        self.mappers.warm(dict.fromkeys((*self.expected, *families())))

    async def _look_over(self) -> None:
        """Count what waits; finish what the API left, and give what was purged meanwhile its outcome."""
        above, more = 0, True
        while more:
            ((above, count, others),) = await self.store.query(Left(above, ADAPTERS))
            self.unfinished += count
            for number in others:
                for entry in await self.store.query(Message(number)):
                    if entry.finished:  # by another process, just now
                        continue
                    if entry.size and not entry.body:
                        gone = Outcome(number, MessageState.FAILED, self.clock.now(), "purged")
                        await self.store.commit(Change(outcomes=[gone]))
                    elif not await self._being_written(entry):
                        await self.writes.finish(entry)
            more = above > 0

    async def _being_written(self, entry: Entry) -> bool:
        """Whether another process may be at this write of a client: if it ends before it is done, a worker finishes it."""
        recent = self.following is not None and entry.received >= self.clock.now() - ABANDONED
        return recent and await self.writes.others()

    async def stop(self) -> None:
        """Finish the batch at hand and close; what is left waits in the journal."""
        await self._named.stop()
        await self._finishing.stop()
        if self.elsewhere is not None:
            await self.elsewhere.stop()
        await self.dispatcher.stop()
        await self.identity_queue.stop()
        await self.reindexer.stop()
        await self.mappers.stop()
        await self.signals.stop()
        if self.following is not None:
            await self.following.stop()
        await self.store.close()

    @property
    def following(self) -> Following | None:
        """Hears what other processes commit; None where there are none."""
        return self.indexed.following

    async def fresh(self) -> None:
        """Know of all that any process has committed before this was called. Raises Problem ``journal-unavailable``."""
        if self.indexed.following is not None:
            await self.indexed.following.now()

    async def _finish(self) -> None:
        """Finish what a client of another process wrote that has ended since."""
        while True:
            await asyncio.sleep(FINISHED)
            try:
                for entry in await self.writes.left():
                    if entry.received < self.clock.now() - ABANDONED:
                        await self.writes.finish(entry)
            except Exception as error:
                log.error("writes of other processes not finished; trying again", error=type(error).__name__)

    def added(self, count: int) -> None:
        """So many messages more are in the journal."""
        self.unfinished += count
        self._added += count

    async def worked_off(self) -> bool:
        """Whether every message has its outcome."""
        if self.elsewhere is not None:
            await self.elsewhere.tally()
        return not self.unfinished

    def arrived(self) -> None:
        """There is something new in the journal, by this process."""
        self.dispatcher.arrived()
        self.signals.tell(ARRIVED)

    def _heard(self, kind: str, word: str) -> None:
        """Another process says that there is something to look at."""
        if kind == ARRIVED:
            self.dispatcher.arrived()
        elif kind == APPLIED and self.elsewhere is not None:
            self.elsewhere.signal()
            self.dispatcher.applied()
        elif kind == CHANGED and self.following is not None:
            self.following.signal()

    def _asked(self, count: int) -> None:
        """So many takedowns or replays are in the journal."""
        self.added(count)
        self.arrived()

    def _finished(self, message: int, state: MessageState, problem: Problem | None) -> None:
        self.unfinished = max(0, self.unfinished - 1)
        self.finished += 1
        self.signals.tell(APPLIED, str(message))
        self._told(message, state, problem)

    def _awaited(self) -> list[int]:
        return [message for awaited in (self.takedowns.awaited, self.replays.awaited, *self.awaited) for message in awaited()]

    def _counted(self, left: int, before: int) -> None:
        """So many messages were left when so many had been added here."""
        self.unfinished = left + self._added - before

    def _told(self, message: int, state: MessageState, problem: Problem | None) -> None:
        self.takedowns.finished(message)
        self.replays.finished(message)
        for told in self.told:
            told(message, state, problem)


def check_tables() -> None:
    """Compile every family's mapping tables, those of its sites too, and read those of the plan and of worklists. Raises
    TablesRefused, PlanRefused, WorklistsRefused."""
    from interop.api.operations.planning import plan_tables
    from interop.api.operations.worklists import worklists

    plan_tables()
    worklists()
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
    return kept(directory / "id.key", lambda: secrets.token_bytes(32))


def key_digest(key: bytes) -> str:
    """The digest by which a database knows the key that its ids were made with."""
    return hashlib.sha256(b"interop id key" + key).hexdigest()


async def have_name(seats: Seats, name: str) -> None:
    """A process is called as no other that shares the database. One that has ended is waited for: the server may not have heard.

    Raises ValueError where another lives."""
    for again in range(NAMED):
        if await seats.take(f"name {name}"):
            return
        await asyncio.sleep(0.5 if again < NAMED - 1 else 0)
    raise ValueError(f"Another process that shares this database is called {name}: give each its own name with --name.")


async def check_key(store: Store, key: bytes) -> None:
    """A database keeps the digest of the key that its ids were made with: beside another, every person would be there twice.

    Raises ValueError where it is another."""
    digest = key_digest(key)
    kept = await store.query(Meta("id key"))
    if not kept:
        await store.commit(Change(meta=[("id key", digest)]))
    elif kept != [digest]:
        raise ValueError("The id.key in the data directory is not the one that this database's ids were made with: restore it.")
