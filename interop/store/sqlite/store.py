"""``interop.store.seam.Store`` on two SQLite files."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from interop.clock import Clock, SystemClock
from interop.errors import Problem
from interop.store import plan as plans
from interop.store.plan import Plan
from interop.store.sql import engine, ledger, resources
from interop.store.sql.journal import JournalWriter
from interop.store.sql.names import Names
from interop.store.sql.record import RecordWriter
from interop.store.sql.statement import Steps
from interop.store.sqlite import schema
from interop.store.sqlite.checkpoint import Checkpointer
from interop.store.sqlite.committer import Committer
from interop.store.sqlite.connection import JOURNAL, RECORD, is_disk, run, unavailable, writing
from interop.store.sqlite.dialect import SqliteDialect
from interop.store.sqlite.feeds import FeedCounter
from interop.store.sqlite.lock import DirectoryLock
from interop.store.sqlite.readers import COSTLY, Readers
from interop.store.values import Change, Committed, Conflict, Entry

PAGE = 64
"""Entries or resources that ``stream`` holds at a time."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What a store has done since it was opened. ``groups`` are transactions, each one sync of a log; ``commits`` are
    changes in them; ``near`` reads ran at once, ``far`` ones on the reader's thread."""

    commits: int
    groups: int
    journal_groups: int
    record_groups: int
    entries: int
    puts: int
    conflicts: int
    statements: int
    near: int
    far: int


class _Half:
    """One file: its writer, committer and checkpointer."""

    def __init__(self, name: str, path: Path, writer: JournalWriter | RecordWriter, clock: Clock, cache: int) -> None:
        self.name = name
        self.connection = writing(path, cache=cache)
        try:
            for number in schema.migrate(self.connection, name):
                self.connection.execute("INSERT INTO migration (number, applied) VALUES (?, ?)", (number, clock.now()))
            run(self.connection, writer.load())
        except BaseException:
            self.connection.close()
            raise
        self.checkpointer = Checkpointer(path)
        self.committer = Committer(name, self.connection, writer, lambda: self.checkpointer.between(self.connection))

    def close(self) -> None:
        """Commit what was handed over, copy the log into the file, let go."""
        self.committer.close()
        self.checkpointer.close()
        try:
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.connection.close()


class SqliteStore:
    """The embedded store. Made by ``open``; used from one event loop at a time."""

    def __init__(self, lock: DirectoryLock | None, names: Names, journal: JournalWriter, record: RecordWriter) -> None:
        self._lock = lock
        self._dialect = SqliteDialect()
        self._names = names
        self._journal = journal
        self._record = record
        self._halves: list[_Half] = []
        self._feeds = FeedCounter(lambda: journal.last if lock else 2**62)
        self._readers: Readers
        self._answers = self._table()

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        clock: Clock | None = None,
        windows: Mapping[str, int] | None = None,
        on_wrong_content: Mapping[str, str] | str = "accept",
        read_only: bool = False,
        costly: int = COSTLY,
    ) -> SqliteStore:
        """Open the data directory, making it and bringing its schema up to date where that is needed.

        ``windows``: by feed, for how many microseconds a duplicate key stands for the same message. ``on_wrong_content``:
        ``accept`` or ``refuse`` a known key with other content, for all feeds or by feed. ``read_only``: beside the process
        that writes; ``commit`` is refused. ``costly``: instructions of SQLite's machine after which a read is given up.

        Raises BlockingIOError where another process writes to the directory, OSError where a newer version made it,
        Problem('journal-unavailable') where the disk fails.
        """
        names, dialect = Names(), SqliteDialect()
        journal = JournalWriter(dialect, windows or {}, on_wrong_content)
        record = RecordWriter(dialect, names)
        if not read_only:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = cls(None if read_only else DirectoryLock(directory), names, journal, record)
        try:
            if not read_only:
                clock = clock or SystemClock()
                store._halves.append(_Half("journal", directory / JOURNAL, journal, clock, 8_192))
                store._halves.append(_Half("record", directory / RECORD, record, clock, 32_768))
            store._readers = Readers(directory, costly)
            if read_only:
                store._readers.run(names.load())
        except BaseException as error:
            store._release()
            if isinstance(error, sqlite3.Error) and is_disk(error):
                raise unavailable(error) from None
            raise
        return store

    async def close(self) -> None:
        """Commit what was handed over, then close both files. Changes handed over later are refused as ``stopping``."""
        await asyncio.sleep(0)
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    async def migrate(self) -> None:
        """``open`` has done it: a file is never used before its schema is this version's."""

    @property
    def counters(self) -> Counters:
        """What the store has done since it was opened."""
        work = {half.name: half.committer.work for half in self._halves}
        groups = {name: done.groups for name, done in work.items()}
        return Counters(
            commits=sum(done.commits for done in work.values()),
            groups=sum(groups.values()),
            journal_groups=groups.get("journal", 0),
            record_groups=groups.get("record", 0),
            entries=self._journal.entries,
            puts=self._record.puts,
            conflicts=sum(done.conflicts for done in work.values()),
            statements=sum(done.statements for done in work.values()),
            near=self._readers.near,
            far=self._readers.far,
        )

    async def commit(self, change: Change) -> Committed | Conflict:
        """Make a change durable and visible. Entries of the change are themselves completed (number, repeats, state)."""
        if not self._halves:
            raise Problem("not-allowed", detail="the store was opened for reading")
        journal = bool(change.entries or change.acks)
        derived = bool(change.expect or change.puts or change.states or change.links or change.link_events or change.outcomes
                       or change.losses or change.snapshots or change.tables or change.meta)  # fmt: skip
        assert not (journal and derived), "a change holds journal entries or record changes, never both"
        if not journal and not derived:
            return Committed()
        again = derived and bool(change.outcomes) and self._feeds.repeated(change)
        result = await self._halves[derived].committer.submit(change)
        if again and isinstance(result, Committed):
            self._feeds.reset(change)
        return result

    async def query(self, plan: Plan) -> list[Any]:
        """Answer a plan: bounded indexed reads at once, others on the reader's thread.

        Raises Problem: ``too-costly``, ``journal-unavailable``.
        """
        if isinstance(plan, plans.Waiting):
            return await self._waiting(plan)
        steps, long = self._answers[type(plan)]
        long = long or (isinstance(plan, plans.History) and plan.id is None)
        found = await self._readers.read(lambda: steps(plan), long=long)
        if self._names.missed and not self._halves:
            known = len(self._names.parameters) + len(self._names.systems)
            await self._readers.read(self._names.load)
            self._names.missed = False
            if len(self._names.parameters) + len(self._names.systems) > known:
                found = await self._readers.read(lambda: steps(plan), long=long)
        return found

    async def stream(self, plan: Plan) -> AsyncIterator[Any]:
        """Answer a plan a page at a time: Everything, Waiting, History, Search and Compartment in flat memory."""
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
            case plans.Compartment():
                cursor = plan.after
                while found := await self.query(replace(plan, count=PAGE, after=cursor)):
                    for one in found:
                        yield one
                    cursor = (one.type, one.id)
            case _:
                for one in await self.query(plan):
                    yield one

    async def _entries(self, plan: plans.Everything | plans.Waiting, after: int) -> list[Entry]:
        if isinstance(plan, plans.Waiting):
            return await self.query(replace(plan, after=after, limit=PAGE))
        return await self._readers.read(lambda: ledger.everything(plans.Everything(after), PAGE))

    async def _waiting(self, plan: plans.Waiting) -> list[Entry]:
        """As the plan says; what is known to be finished is passed over."""
        feeds, last = self._feeds, self._journal.last
        whole = plan.after <= feeds.finished
        if whole:
            plan = plans.Waiting(feeds.finished, plan.limit)
        found = await self._readers.read(lambda: ledger.waiting(plan))
        if whole and self._halves and feeds.finished == plan.after:
            feeds.finished = max(plan.after, found[0].message - 1 if found else last)
        return found

    def _table(self) -> dict[type, tuple[Callable[[Any], Steps[list[Any]]], bool]]:
        """For each plan its steps, and whether they are long from the start."""
        names, dialect = self._names, self._dialect
        return {
            plans.Read: (lambda plan: resources.read(plan, names), False),
            plans.ReadVersion: (lambda plan: resources.read_version(plan, names), False),
            plans.History: (lambda plan: resources.history(plan, names), False),
            plans.Search: (lambda plan: resources.search(plan, names), False),
            plans.Count: (lambda plan: resources.count(plan, names), True),
            plans.Compartment: (lambda plan: resources.compartment(plan, names), False),
            plans.Heads: (lambda plan: engine.heads(plan, dialect), False),
            plans.Snapshots: (lambda plan: engine.snapshots(plan, dialect), False),
            plans.Said: (lambda plan: engine.said(plan, dialect), False),
            plans.Persons: (lambda plan: engine.persons(plan), False),
            plans.Claims: (lambda plan: engine.claims(plan, names), False),
            plans.Group: (lambda plan: engine.group(plan), False),
            plans.LinkHistory: (lambda plan: engine.link_history(plan), False),
            plans.Tables: (lambda plan: engine.tables(plan), False),
            plans.Meta: (lambda plan: engine.meta(plan), False),
            plans.Message: (lambda plan: ledger.message(plan), False),
            plans.Messages: (lambda plan: ledger.messages(plan), True),
            plans.Feeds: (lambda plan: self._feeds.count(), True),
            plans.Coverage: (lambda plan: ledger.coverage(plan), True),
            plans.Everything: (lambda plan: ledger.everything(plan, 2**62), True),
        }

    def _close(self) -> None:
        self._readers.close()
        self._release()

    def _release(self) -> None:
        for half in reversed(self._halves):
            half.close()
        self._halves.clear()
        if self._lock is not None:
            self._lock.release()
            self._lock = None
