"""What the stores share: answering a plan, at once or a page at a time, and what a change may hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import replace
from typing import Any, Protocol

from interop.errors import Problem
from interop.store import plan as plans
from interop.store.plan import Plan
from interop.store.seats import Alone, Seats
from interop.store.sql import exporting, ledger
from interop.store.sql.answers import answers
from interop.store.sql.dialect import Dialect
from interop.store.sql.estimates import Estimates
from interop.store.sql.feeds import FeedCounter
from interop.store.sql.figures import Figures
from interop.store.sql.journal import JournalWriter
from interop.store.sql.names import Names
from interop.store.sql.record import RecordWriter
from interop.store.sql.shapes import Shapes
from interop.store.sql.statement import Steps, T
from interop.store.sql.writer import Result
from interop.store.values import Change, Committed, Conflict, Entry

PAGE = 64
"""Entries or resources that ``stream`` holds at a time."""


class Locks(Protocol):
    """As ``interop.apply.locks.Beyond``."""

    async def take(self, names: Iterable[tuple[str, str]]) -> int: ...

    def give(self, names: Iterable[tuple[str, str]], holder: int) -> None: ...

    async def others(self) -> int: ...


class SqlStore(ABC):
    """``interop.store.seam.Store`` but for the database: how statements are run and changes committed is the heirs'."""

    locks: Locks | None = None
    """Names that are kept from other processes; None where one alone writes."""

    def __init__(self, dialect: Dialect, journal: JournalWriter, record: RecordWriter, names: Names, *, writes: bool) -> None:
        self._dialect = dialect
        self._names = names
        self._journal = journal
        self._record = record
        self._writes = writes
        self._others = not writes
        """Whether other processes may write."""
        self.seats: Seats = Alone()
        self._feeds = FeedCounter(lambda: journal.last if writes else 2**62)
        self._shapes, self._estimates = Shapes(names, dialect), Estimates()
        self._answers = answers(names, dialect, self._shapes, self._estimates)
        self._answers[plans.Feeds] = (lambda plan: self._feeds.count(), True)

    @abstractmethod
    async def _read(self, plan: Plan, steps: Callable[[], Steps[T]], *, long: bool) -> T:
        """Run the steps that answer a plan."""

    @abstractmethod
    def _snapshot(self) -> AbstractAsyncContextManager[exporting.Snapshot]:
        """One state of the database, for an export."""

    @abstractmethod
    def _submit(self, change: Change, *, derived: bool) -> Awaitable[Result]:
        """Hand a change to the committer of the journal or of the record (``derived``)."""

    @abstractmethod
    async def figures(self) -> Figures:
        """How it stands, for who watches. Raises Problem ``journal-unavailable``."""

    async def journals(self) -> None:
        """Find out whether the journal can be written now. Raises Problem ``journal-unavailable``, ``stopping``."""
        return

    def starting(self) -> AbstractAsyncContextManager[None]:
        """Alone among the processes that share the database, for what each does once at its start."""
        return nullcontext()

    @abstractmethod
    async def close(self) -> None:
        """Commit what was handed over, then let go. Changes and plans handed over later are refused as ``stopping``."""

    @abstractmethod
    async def migrate(self) -> None:
        """Opening has done it: nothing is used before its schema is this version's."""

    async def commit(self, change: Change) -> Committed | Conflict:
        """Make a change durable and visible. Entries of the change are themselves completed (number, repeats, state)."""
        if not self._writes:
            raise Problem("not-allowed", detail="the store was opened for reading")
        journal = bool(change.entries or change.acks or change.husks)
        derived = bool(change.expect or change.puts or change.reindexed or change.states or change.withheld or change.links
                       or change.link_events or change.pairs or change.outcomes or change.losses or change.snapshots
                       or change.tables or change.meta or change.used or change.kept
                       or change.deliveries or change.awaited or change.marks or change.answered or change.sweeps
                       or change.numbered or change.news
                       or change.claiming or change.closes)  # fmt: skip
        assert not (journal and derived), "a change holds journal entries or record changes, never both"
        if not journal and not derived:
            return Committed()
        again = derived and bool(change.outcomes) and self._feeds.repeated(change)
        result = await self._submit(change, derived=derived)
        if again and isinstance(result, Committed):
            self._feeds.reset(change)
        return result

    async def query(self, plan: Plan) -> list[Any]:
        """Answer a plan. Raises Problem: ``too-costly``, ``journal-unavailable``, ``stopping``."""
        if isinstance(plan, plans.Waiting):
            return await self._waiting(plan)
        steps, long = self._answers[type(plan)]
        long = long or (isinstance(plan, plans.History) and plan.id is None)
        names, whole = self._names, not self._writes
        known, misses = names.size, names.misses(whole=whole)  # counted, not noted: others ask at the same time
        found = await self._read(plan, lambda: steps(plan), long=long)
        if self._others and names.misses(whole=whole) != misses:
            await self._read(plan, self._names.load, long=False)
            if names.size > known:
                found = await self._read(plan, lambda: steps(plan), long=long)
        return found

    async def stream(self, plan: Plan) -> AsyncIterator[Any]:
        """Answer a plan a page at a time: Everything, Waiting, History, Search, Compartment, Coded and Export in flat memory."""
        match plan:
            case plans.Everything() | plans.Waiting():
                after = plan.after
                while entries := await self._entries(plan, after):
                    for entry in entries:
                        yield entry
                    after = entries[-1].message
            case plans.History():
                cursor: Any = plan.before
                while found := await self.query(replace(plan, count=PAGE, before=cursor)):
                    for one in found:
                        yield one
                    cursor = (one.updated, one.type, one.id, one.version)
            case plans.Search():
                cursor = plan.after
                while found := await self.query(replace(plan, count=PAGE - 1, after=cursor)):
                    for one in found:
                        yield one
                    cursor = (*one.sort, one.id)
            case plans.Compartment() | plans.Coded():
                cursor = plan.after
                while found := await self.query(replace(plan, count=PAGE, after=cursor)):
                    for one in found:
                        yield one
                    cursor = (one.type, one.id)
            case plans.Export():
                given = exporting.blocks(plan, self._snapshot(), self._names, self._dialect, self._shapes)
                async with aclosing(given):
                    async for block in given:
                        yield block
            case _:
                for one in await self.query(plan):
                    yield one

    async def _entries(self, plan: plans.Everything | plans.Waiting, after: int) -> list[Entry]:
        if isinstance(plan, plans.Waiting):
            return await self.query(replace(plan, after=after, limit=PAGE))
        return await self._read(plan, lambda: ledger.everything(plans.Everything(after), PAGE), long=False)

    async def _waiting(self, plan: plans.Waiting) -> list[Entry]:
        """As the plan says; what is known to be finished is passed over."""
        feeds, last = self._feeds, self._journal.last
        whole = plan.after <= feeds.finished and not feeds.shared
        if whole:
            plan = plans.Waiting(feeds.finished, plan.limit)
        found = await self._read(plan, lambda: ledger.waiting(plan), long=False)
        if whole and self._writes and feeds.finished == plan.after:
            feeds.finished = max(plan.after, found[0].message - 1 if found else last)
        return found
