"""From journal to record, in the journal's order: take what waits, let mappers work side by side, apply one batch after another.

Order holds for each patient because batches are applied in the order of the journal, whatever mapper is done first, whichever
process has them (``interop.apply.claims``). Nothing waits in memory but a window of batches; the journal is the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import structlog

from interop.apply.applier import Applier
from interop.apply.claims import Claimed, Claims, Deposed, working
from interop.apply.jobs import job_of
from interop.apply.journalled import ADAPTERS, ORDERS
from interop.apply.keeping import Keeping
from interop.apply.mapping_work import Yield
from interop.apply.pool import Mappers
from interop.background import within
from interop.errors import Problem
from interop.ports import Feed, MessageState
from interop.store.values import Entry

AGAIN = 1.0
"""Seconds between two tries while the disk or a mapper cannot be had."""
TOGETHER = 4_000_000
"""Bytes of messages that are mapped together: some two seconds of a mapper where they are the slowest, of its sixty."""
log = structlog.get_logger(__name__)

_Batch = tuple[list[Entry], "asyncio.Task[list[Yield]]"]


class _Work(NamedTuple):
    """What was taken: batches that are being mapped, and orders."""

    claimed: Claimed
    parts: list[_Batch | Entry]


Finished = Callable[[int, MessageState, Problem | None], None]
Order = Callable[[Entry], Awaitable[tuple[int, MessageState, Problem | None]]]


class Dispatcher:
    """Works off the journal until stopped; ``finished`` is told of each outcome once it is on disk. ``orders`` do what an entry of
    their adapter asks (``interop.apply.takedown``, ``interop.apply.replays``), when all before it is applied."""

    def __init__(
        self,
        claims: Claims,
        mappers: Mappers,
        applier: Applier,
        feeds: Mapping[str, Feed],
        orders: Mapping[str, Order],
        keeping: Keeping,
        finished: Finished,
    ) -> None:
        self._claims, self._mappers, self._applier, self._feeds = claims, mappers, applier, feeds
        self._orders, self._keeping, self._finished = orders, keeping, finished
        self._arrived = asyncio.Event()
        self._taken: asyncio.Queue[_Work] = asyncio.Queue(max(1, mappers.count) + 1)
        self._mapping: set[asyncio.Task[list[Yield]]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self.idle = asyncio.Event()
        self._open = 0

    def again(self, message: int) -> None:
        """Work on a message once more whose outcome has been taken back."""
        self._claims.again(message)
        self.arrived()

    def arrived(self) -> None:
        """There is something new in the journal."""
        self._arrived.set()
        self.idle.clear()

    def applied(self) -> None:
        """Another process has applied something."""
        self._claims.applied()

    async def start(self) -> None:
        """Begin to work off the journal from its first unfinished message."""
        self._arrived.set()
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._apply())]

    async def stop(self) -> None:
        """Stop after the batch at hand; what is left waits in the journal."""
        for tasks in (self._tasks, list(self._mapping)):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            self._arrived.clear()
            try:
                taken = await self._claims.take()
                if not taken and not self._open and await self._claims.idle() and not self._arrived.is_set():
                    self.idle.set()
            except Exception as error:
                log.error("journal not readable; trying again", error=type(error).__name__)
                await asyncio.sleep(AGAIN)
                continue
            if not taken:
                if self._claims.patience is None:
                    await self._arrived.wait()
                else:
                    await within(self._arrived, self._claims.patience)
                continue
            self.idle.clear()
            self._open += len(taken)
            for claimed in taken:
                await self._taken.put(self._work(claimed))

    def _work(self, claimed: Claimed) -> _Work:
        parts = [one if isinstance(one, Entry) else self._begun(one) for one in batches(claimed.entries)]
        return _Work(claimed, parts)

    def _begun(self, entries: list[Entry]) -> _Batch:
        work = asyncio.create_task(self._map(entries))
        self._mapping.add(work)
        work.add_done_callback(self._mapping.discard)
        return entries, work

    async def _map(self, entries: list[Entry]) -> list[Yield]:
        return await self._mappers.map([job_of(each, self._feeds) for each in entries])

    async def _apply(self) -> None:
        while True:
            work = await self._taken.get()
            await self._in_turn(work)
            self._open -= 1
            if not self._open:
                self._arrived.set()

    async def _in_turn(self, work: _Work) -> None:
        """Apply what was taken when it is its turn, and before it what a process that is gone has left."""
        claimed = work.claimed
        try:
            while True:
                try:
                    async for before in self._claims.turn(claimed):
                        await self._in_turn(self._work(before))
                    break
                except Problem as unknown:
                    log.error("turn not known; trying again", reason=unknown.reason.name)
                    await asyncio.sleep(AGAIN)
            settled = {entry.message for entry in claimed.settled}
            for entry in claimed.settled:
                state = MessageState(entry.state)
                problem = Problem(entry.reason, where=entry.where) if entry.reason and state is not MessageState.APPLIED else None
                self._finished(entry.message, state, problem)
            with working(claimed):
                for one in work.parts:
                    if isinstance(one, Entry):
                        if one.message not in settled:
                            self._finished(*await self._ordered(one))
                    elif batch := [made for made in await self._mapped(*one) if made.message not in settled]:
                        await self._keeping.keep(batch)
                        for message, state, problem in await self._commit(batch):
                            self._finished(message, state, problem)
            await self._close(claimed)
        except Deposed:
            log.warning("what was worked on is another process's by now", messages=len(claimed.left))
            self._claims.drop(claimed)

    async def _close(self, claimed: Claimed) -> None:
        while True:
            try:
                return await self._claims.close(claimed)
            except Problem as problem:
                log.error("claim not closed; trying again", reason=problem.reason.name)
                await asyncio.sleep(AGAIN)

    async def _mapped(self, entries: list[Entry], work: asyncio.Task[list[Yield]]) -> list[Yield]:
        """What a batch yields; where no mapper could be had for it, wait and try again."""
        while True:
            try:
                return await work
            except Exception as error:
                log.error("batch not mapped; trying again", error=type(error).__name__)
                await asyncio.sleep(AGAIN)
                work = asyncio.create_task(self._map(entries))

    async def _commit(self, batch: list[Yield]) -> list[tuple[int, MessageState, Problem | None]]:
        """Apply a batch; while the disk fails, wait and try again. A batch that breaks the applier is taken message by message."""
        while True:
            try:
                return await self._applier.apply(batch)
            except Deposed:
                raise
            except Exception as error:
                if await _passed(error):
                    continue
                if len(batch) > 1:
                    return [outcome for made in batch for outcome in await self._commit([made])]
                made, kind = batch[0], type(error).__name__
                log.error("message failed", message=made.message, error=kind)
                if made.problem is not None:
                    return [(made.message, MessageState.FAILED, Problem("fault"))]
                batch = [Yield(made.message, made.feed, made.type, problem=("fault", "", kind))]

    async def _ordered(self, entry: Entry) -> tuple[int, MessageState, Problem | None]:
        """Do what an entry asks in its place; while the disk fails or no mapper can be had, wait and try again."""
        while True:
            try:
                return await self._orders[entry.adapter](entry)
            except Deposed:
                raise
            except Exception as error:
                if await _passed(error):
                    continue
                kind = type(error).__name__
                log.error(f"{entry.adapter} failed", message=entry.message, error=kind)
                made = Yield(entry.message, entry.feed, entry.type, problem=("fault", "", kind))
                return (await self._commit([made]))[0]


async def _passed(error: Exception) -> bool:
    """Whether what failed is to be tried again, after a while: the disk fails, or no mapper can be had."""
    if not (isinstance(error, Problem) and error.passes):
        return False
    log.error("record not writable; trying again", reason=error.reason.name, action=error.reason.action)
    await asyncio.sleep(AGAIN)
    return True


def batches(entries: Iterable[Entry]) -> Iterator[list[Entry] | Entry]:
    """What is mapped together, messages of no more than ``TOGETHER`` bytes or one that is larger, and takedowns and replays by
    themselves, in order. What the API wrote its writer finishes."""
    together: list[Entry] = []
    size = 0
    for entry in entries:
        if entry.adapter in ORDERS:
            if together:
                yield together
            yield entry
            together, size = [], 0
        elif entry.adapter not in ADAPTERS:
            if together and size + len(entry.body) > TOGETHER:
                yield together
                together, size = [], 0
            together.append(entry)
            size += len(entry.body)
    if together:
        yield together
