"""A workshop at work: begun, told of what comes, ended; and the count of what is to be done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

import structlog

from interop.api.roles import WORKER
from interop.app.naming import Named
from interop.app.settings import Settings
from interop.apply.applier import Applier
from interop.apply.dispatcher import Dispatcher
from interop.apply.elsewhere import Elsewhere
from interop.apply.following import Following
from interop.apply.garbage import settle
from interop.apply.governance import Governance
from interop.apply.hearing import Hearing
from interop.apply.identity_queue import IdentityQueue
from interop.apply.indexed_store import IndexedStore
from interop.apply.journalled import ADAPTERS
from interop.apply.persons import Linking
from interop.apply.pool import Mappers
from interop.apply.reindexing import Reindexer
from interop.apply.replays import Replays
from interop.apply.routing import Router
from interop.apply.takedown import Takedowns
from interop.apply.whereabouts import Whereabouts
from interop.apply.writes import Writes
from interop.background import Background
from interop.clock import Clock
from interop.errors import Problem
from interop.ids import Mint
from interop.mapping.reading import families
from interop.ports import MessageState, Signals, Silent
from interop.ports.signals import APPLIED, ARRIVED, CHANGED
from interop.record.indexing import Indexing
from interop.store.plan import Left, Message
from interop.store.seats import Alone, Seats
from interop.store.sql.store import SqlStore
from interop.store.values import Change, Entry, Outcome

FINISHED = 1.0
"""Seconds between two looks at what other processes have left."""
ABANDONED = 2_000_000
"""Microseconds after which a write is looked at by others; they wait for its locks, which its process has while it lives."""
log = structlog.get_logger("interop.workshop")

Told = Callable[[int, MessageState, Problem | None], None]


@dataclass(slots=True)
class AtWork:
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
    _ahead: set[int] = field(default_factory=set)
    """What was finished while nothing was counted; it may be added yet."""
    _finishing: Background = field(default_factory=Background)
    _named: Named = field(init=False)

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

    def added(self, count: int, early: Collection[int] = ()) -> None:
        """So many messages more are in the journal; ``early``: which may have had their outcome before that was known."""
        self.unfinished += count - len(self._ahead.intersection(early))
        self._ahead.difference_update(early)
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

    def _asked(self, message: int) -> None:
        """A takedown or a replay is in the journal."""
        self.added(1, (message,))
        self.arrived()

    def _finished(self, message: int, state: MessageState, problem: Problem | None) -> None:
        if self.unfinished:
            self.unfinished -= 1
        elif self.elsewhere is None:
            self._ahead.add(message)
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
