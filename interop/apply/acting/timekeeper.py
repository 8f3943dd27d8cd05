"""Keeps the time of clocks: when one is due, what follows is written with the Task by which it runs, once.

What there is to know is in the Tasks. At the start the open ones are read and put in order of what is next; each that is written
later is heard of. When its time has come the Task is read anew: it may have been stopped meanwhile. The step and all who are told
of it are one transaction over the version that was read: neither a process that is killed nor one that has hung takes it twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import Final

import structlog

from interop.apply.acting.authored import ours
from interop.apply.acting.person import Resource, body
from interop.apply.acting.recipients import CLIENT, Recipients
from interop.apply.asked import UPDATE, Asked, Author, Criteria
from interop.apply.writes import Writes
from interop.background import Background, within
from interop.clock import MICROSECONDS, Clock
from interop.clocks.limits import Limit
from interop.clocks.runs import CANCELLED, Step, following, stopped, taken
from interop.clocks.tasks import IN_PROGRESS, SYSTEM, TYPE, name_of, run_of, task_of, told
from interop.errors import Category, Problem
from interop.fhir.shapes import text
from interop.ids import Mint
from interop.notify.backoff import waits
from interop.rules.actions import CLOCK, recipients
from interop.rules.expressions import BEFORE, holds
from interop.rules.happening import noise
from interop.rules.making import Occurrence
from interop.rules.tables import RuleTables
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Heads, Read, Search, Several
from interop.store.seam import Store
from interop.store.values import Put, Stored
from interop.store.where import All, Token

LOOK: Final = 30.0
"""Seconds after which it is looked what time it is, though nothing was due: the machine's clock may have been set."""
ANOTHER: Final = 1.0
"""Seconds between two looks where another process keeps the time by now: this one is ended meanwhile."""
AGAIN: Final = 60 * MICROSECONDS
"""After so long a clock that could not be kept is tried again."""
PASSING: Final = (Category.UNAVAILABLE, Category.BUSY)
UNKNOWN: Final = "(unknown)"
"""Clocks that the tables do not have: whoever wrote them has named them."""
UNREADABLE: Final = "unreadable"
"""The state of a Task that calls itself a clock and has not what a clock has."""
WITHDRAWN: Final = ("cancelled", "revoked")
"""Statuses of what was to be and is not, unless a clock begins by them."""
OPENED: Final = (IN_PROGRESS, "draft", "requested", "received", "accepted", "ready", "on-hold")
"""Statuses of a Task that somebody may be waiting for."""
SPARE: Final = 100
"""Times of clocks that are no longer theirs, which are kept beside as many as there are of those that are."""
COMMUNICATION: Final = "Communication"
_log = structlog.get_logger("interop.clocks")


class Timekeeper:
    """``counts`` are the steps that this process has taken, by clock and kind. ``alone``: whether this process is still the one
    that keeps the time; asked right before a step, since it may have hung."""

    def __init__(
        self, limits: Mapping[str, Limit], store: Store, writes: Writes, recipients: Recipients, mint: Mint, clock: Clock
    ) -> None:
        self.limits = limits
        self._store, self._writes, self._mint, self._clock = store, writes, mint, clock
        self.recipients = recipients
        self.tables = RuleTables()
        """The rules by which clocks begin."""
        self.alone: Callable[[], Awaitable[bool]] | None = None
        self.counts: Counter[tuple[str, str]] = Counter()
        self._open: dict[str, tuple[str, str]] = {}
        self._next: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self._written: dict[str, None] = {}
        self._unread = True
        self._wake = asyncio.Event()
        self._waiting: list[asyncio.Future[None]] = []
        self._working = Background()

    async def start(self) -> None:
        """Begin with what the record holds."""
        self._unread = True
        self._working.start(self._work())

    async def stop(self) -> None:
        """End; what is due meanwhile is done at the next start, late."""
        await self._working.stop()
        for held in (self._open, self._next, self._heap, self._written):
            held.clear()

    def written(self, puts: Iterable[Put]) -> None:
        """New versions are on disk."""
        if self._working.running:
            for put in puts:
                if put.stored.type == TYPE:
                    self._written[put.stored.id] = None
                    self._wake.set()

    async def heard(self, ids: Sequence[str]) -> None:
        """Other processes have written these Tasks; () is any."""
        if not self._working.running:
            return
        self._unread |= not ids
        self._written.update(dict.fromkeys(ids))
        self._wake.set()

    async def settled(self) -> None:
        """Wait until all that is due by now is done."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        self._wake.set()
        await done

    @property
    def running(self) -> Mapping[tuple[str, str], int]:
        """How many clocks are open, by name and state; nothing where another process keeps the time."""
        return Counter(self._open.values())

    async def _work(self) -> None:
        failed = 0
        while True:
            self._wake.clear()
            waiting = list(self._waiting)
            try:
                wait = await self.step()
                failed = 0
                for done in waiting:
                    self._waiting.remove(done)
                    done.set_result(None)
            except Exception as error:
                name = error.reason.name if isinstance(error, Problem) else type(error).__name__
                _log.error("the time of clocks is not kept; trying again", error=name)
                failed += 1
                wait = min(waits(failed) / MICROSECONDS, LOOK)
            await within(self._wake, wait)

    async def step(self) -> float:
        """Do what is due; seconds until something may be. Raises Problem where the record cannot be read or written."""
        await self._read()
        while self._heap and self._heap[0][0] <= self._clock.now():
            at, id = heappop(self._heap)
            if self._next.get(id) != at:
                continue
            try:
                if self.alone is not None and not await self.alone():
                    heappush(self._heap, (at, id))
                    return ANOTHER
                await self._due(id)
            except Problem as problem:
                if problem.reason.category in PASSING:
                    heappush(self._heap, (at, id))
                    raise
                self._put_off(id, problem.reason.name)
            except Exception as error:
                self._put_off(id, type(error).__name__)
            await self._read()
        return min((self._heap[0][0] - self._clock.now()) / MICROSECONDS, LOOK) if self._heap else LOOK

    def _put_off(self, id: str, error: str) -> None:
        """One that cannot be kept holds up no other."""
        _log.error("a clock cannot be kept; trying again", task=id, error=error)
        self._next[id] = self._clock.now() + AGAIN
        heappush(self._heap, (self._next[id], id))

    async def _read(self) -> None:
        """Put in order what has been written since."""
        if self._unread:
            self._unread = False
            try:
                where = All((Token("code", None, SYSTEM), Token("status", IN_PROGRESS)))
                async for stored in self._store.stream(Search(PERMIT_ALL, TYPE, where)):
                    self._ordered(stored)
            except BaseException:
                self._unread = True
                raise
        while self._written:
            ids = list(islice(self._written, 100))
            for id in ids:
                del self._written[id]
            try:
                found: list[Stored] = await self._store.query(Several(PERMIT_ALL, tuple((TYPE, id) for id in ids)))
            except BaseException:
                self._written.update(dict.fromkeys(ids))
                raise
            for id in {*ids} - {stored.id for stored in found}:
                self._forget(id)
            for stored in found:
                self._ordered(stored)

    def _ordered(self, stored: Stored) -> None:
        """A Task that cannot be read as a clock, whoever wrote it, keeps no other from being read."""
        try:
            self._order(stored)
        except Exception as error:
            self._unreadable(stored.id, UNKNOWN, type(error).__name__)

    def _unreadable(self, id: str, name: str, error: str) -> None:
        _log.error("a Task of a clock cannot be read as one; nobody keeps its time", task=id, error=error)
        self._open[id] = name, UNREADABLE

    def _order(self, stored: Stored) -> None:
        """Note when there is something to be done about a Task next."""
        self._open.pop(stored.id, None)
        self._next.pop(stored.id, None)
        task = body(stored) if not stored.deleted else {}
        name, run = name_of(task), run_of(task)
        limit = self.limits.get(name)
        if name and (run is None or not text(task.get("for"), "reference")) and text(task, "status") in OPENED:
            return self._unreadable(stored.id, name if limit is not None else UNKNOWN, "no times, none of care, or of nobody")
        if run is None or not run.open or not name:
            return
        self._open[stored.id] = name if limit is not None else UNKNOWN, run.state
        at = following(limit, run) if limit is not None else None
        if at is not None:
            self._next[stored.id] = at
            heappush(self._heap, (at, stored.id))
            if len(self._heap) > 2 * len(self._next) + SPARE:
                self._heap = [(at, id) for id, at in self._next.items()]
                heapify(self._heap)

    async def _due(self, id: str) -> None:
        """Take the step of a clock that is due, if it still is."""
        found: list[Stored] = await self._store.query(Read(PERMIT_ALL, TYPE, id))
        if not found or found[0].deleted:
            return self._forget(id)
        stored, task = found[0], body(found[0])
        limit, run = self.limits.get(name_of(task)), run_of(task)
        now = self._clock.now()
        step = taken(limit, run, now) if limit is not None and run is not None else None
        if limit is None or run is None or step is None:
            return self._order(stored)
        gone = stopped(limit, run, run.start, CANCELLED) if await self._untrue(task) else None
        asked = [self._asked(task_of(limit, gone or step.run, now, task), stored.version, stored.source)]
        if gone is None:
            asked += await self._telling(limit, step, stored, task, now)
        try:
            await (self._writes.write(asked[0]) if len(asked) == 1 else self._writes.transaction(asked, _understand))
        except Problem as problem:
            if problem.reason.name != "stale-version":
                raise
        else:
            self.counts[limit.name, CANCELLED if gone is not None else step.kind] += 1
        self._written[id] = None

    async def _untrue(self, task: Resource) -> bool:
        """Whether what started a clock is no longer there, or says of itself that it was never true or is no more."""
        type_, _, id = text(task.get("focus"), "reference").partition("/")
        focus: list[Stored] = await self._store.query(Read(PERMIT_ALL, type_, id)) if id else []
        if not focus or focus[0].deleted or noise(started := body(focus[0])):
            return True
        events = [rule.event for rule in self.tables.rules if rule.action == CLOCK and rule.word == name_of(task)]
        borne = any(each.type == type_ and holds(each.now, started, {BEFORE: None}, self._clock.now()) for each in events)
        return text(started, "status") in WITHDRAWN and not borne

    async def _telling(self, limit: Limit, step: Step, stored: Stored, task: Resource, now: int) -> list[Asked]:
        """A Communication to each who is to be told and may be; under an id that is the same whenever it is made again. Of a Task
        that a client has made nobody is told, however much it is like a clock of a rule."""
        if not await ours(self._store, TYPE, stored.id):
            return []
        patient = text(task.get("for"), "reference").rpartition("/")[2]
        key = f"{stored.id}\x1f{step.kind}\x1f{step.run.due}"
        type_, _, id_ = text(task.get("focus"), "reference").partition("/")
        also = ((type_, id_),) if id_ else ()
        what = Occurrence(task, TYPE, stored.id, patient, now, now, key, stored.source, also)
        made: dict[str, Resource] = {}
        for each in await self.recipients.of(recipients("; ".join(step.to)), what, now):
            if each.reference is not None:
                id = self._mint.id(COMMUNICATION, SYSTEM, f"{key}\x1f{each.name}")
                made[id] = told(limit, step, id, task, each.reference)
        heads = await self._store.query(Heads(tuple((COMMUNICATION, id) for id in made))) if made else []
        there = {head.id for head in heads if head.version}
        return [self._asked(one, 0, stored.source) for id, one in made.items() if id not in there]

    def _asked(self, resource: Resource, version: int, source: str) -> Asked:
        """All of a transaction have one author: what is said of a clock comes from where its Task comes from."""
        author = Author(role="system", organisation=source, client=CLIENT)
        kind, id = resource["resourceType"], resource["id"]
        return Asked(UPDATE, kind, id, resource=resource, expected=(version,), author=author, own=True)

    def _forget(self, id: str) -> None:
        self._open.pop(id, None)
        self._next.pop(id, None)


def _understand(type: str, text: str) -> Criteria:
    raise Problem("bad-parameter", detail="clocks refer to nothing by criteria")
