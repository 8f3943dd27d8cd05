"""``interop.store.seam.Store`` on two SQLite files."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from math import inf
from pathlib import Path
from typing import Any

from interop.clock import Clock, SystemClock
from interop.errors import Problem
from interop.store.directory import make_directory
from interop.store.plan import Coded, Compartment, Count, History, Plan, Read, Search
from interop.store.sql import resources, searching
from interop.store.sql.exporting import Snapshot
from interop.store.sql.figures import Counters, Figures, Work, counters
from interop.store.sql.journal import JournalWriter
from interop.store.sql.names import Names
from interop.store.sql.record import RecordWriter
from interop.store.sql.resources import READ, stored
from interop.store.sql.start import SURE, asks_for_words, bounded, flatten, rank
from interop.store.sql.statement import Steps, T
from interop.store.sql.store import SqlStore
from interop.store.sql.writer import Result
from interop.store.sqlite import schema
from interop.store.sqlite.checkpoint import Checkpointer
from interop.store.sqlite.committer import Committer
from interop.store.sqlite.connection import JOURNAL, RECORD, has_room, is_disk, run, unavailable, writing, written_again
from interop.store.sqlite.counts import Counts, standing
from interop.store.sqlite.dialect import SqliteDialect
from interop.store.sqlite.exporting import snapshot
from interop.store.sqlite.fulltext import take_in
from interop.store.sqlite.lock import DirectoryLock
from interop.store.sqlite.readers import COSTLY, PATIENCE, Readers
from interop.store.values import Change


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
        behind = take_in if name == "record" else None
        between, log = self.checkpointer.between, path.with_name(f"{path.name}-wal")
        self.committer = Committer(
            name, self.connection, writer, lambda: between(self.connection), behind, lambda: written_again(log)
        )

    def close(self) -> None:
        """Commit what was handed over, copy the log into the file, let go."""
        self.committer.close()
        self.checkpointer.close()
        try:
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.connection.close()


class SqliteStore(SqlStore):
    """The embedded store. Made by ``open``; used from one event loop at a time. A bounded indexed read runs at once, on the
    caller's thread, and never suspends."""

    def __init__(self, lock: DirectoryLock | None, names: Names, journal: JournalWriter, record: RecordWriter) -> None:
        super().__init__(SqliteDialect(), journal, record, names, writes=lock is not None)
        self._lock = lock
        self._directory = Path()
        self._halves: list[_Half] = []
        self._readers: Readers
        self._counts = Counts(self._shapes, lambda: self._halves[1].committer.work.finds)

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
            make_directory(directory)
        store = cls(None if read_only else DirectoryLock(directory), names, journal, record)
        try:
            if not read_only:
                clock = clock or SystemClock()
                store._halves.append(_Half("journal", directory / JOURNAL, journal, clock, 8_192))
                store._halves.append(_Half("record", directory / RECORD, record, clock, 32_768))
            store._directory = directory
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
        """Commit what was handed over, then close both files. Changes and plans handed over later are refused as ``stopping``."""
        await asyncio.sleep(0)
        self._readers.stop()
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    async def migrate(self) -> None:
        """``open`` has done it: a file is never used before its schema is this version's."""

    async def journals(self) -> None:
        """As ``SqlStore.journals``: by what became of commits of late, or by one that changes nothing; where the disk did not take
        the last one, also by whether there is room."""
        if not self._halves:
            return
        committer = self._halves[0].committer
        if committer.refused is not None:
            await asyncio.to_thread(has_room, self._directory / f"{JOURNAL}-room")
        await committer.prove()

    @property
    def counters(self) -> Counters:
        """What the store has done since it was opened."""
        journal, record = (half.committer.work for half in self._halves) if self._halves else (Work(), Work())
        return counters(
            journal, record, entries=self._journal.entries, puts=self._record.puts, near=self._readers.near, far=self._readers.far
        )

    async def figures(self) -> Figures:
        """Work, reads, bytes of the files and their logs."""
        sizes = {}
        for name in (JOURNAL, f"{JOURNAL}-wal", RECORD, f"{RECORD}-wal"):
            with suppress(OSError):
                sizes[name] = (self._directory / name).stat().st_size
        halves = {half.name: half.committer.work for half in self._halves}
        return Figures(halves, self._readers.near, self._readers.far, sizes)

    async def query(self, plan: Plan) -> list[Any]:
        """As ``SqlStore.query``; reads by id and searches whose statement is kept, what is asked for most, go the shortest way."""
        if plan.__class__ is Read and self._writes:
            open_ = plan.decision.predicate is None
            known = (
                (READ, {"type": plan.type, "id": plan.id})
                if open_
                else resources.statement(plan, False, self._names, self._dialect, self._shapes)
            )
            found = None if known is None else self._readers.at_once(*known)
            if found or (open_ and found is not None):
                return [stored(row, self._names) for row in found]
        elif plan.__class__ is Search and self._writes:
            known = searching.statement(plan, self._names, self._dialect, self._shapes, self._estimates)
            rows = None if known is None else self._readers.at_once(*known)
            if rows is not None:
                return searching.told(rows, self._names)
        return await super().query(plan)

    async def _read(self, plan: Plan, steps: Callable[[], Steps[T]], *, long: bool) -> T:
        if self._halves and isinstance(plan, Search | Count) and self._words(plan):
            behind = self._halves[1].committer.caught_up()
            if not behind.done():
                await asyncio.wait({behind}, timeout=PATIENCE)
            if not behind.done():
                raise Problem("too-costly")
        if self._halves and isinstance(plan, Count):
            counted: T = await self._counted(plan, steps)
            return counted
        patience = PATIENCE if isinstance(plan, Search | History | Compartment | Coded) else inf
        return await self._readers.read(steps, long=long, patience=patience)

    def _words(self, plan: Search | Count) -> bool:
        """Whether full text is asked for; raises Problem ``too-costly`` for what lies too deep."""
        return asks_for_words(bounded(plan.where, 1)) or self._shapes.rule(plan.decision.predicate).words

    async def _counted(self, plan: Count, steps: Callable[[], Steps[T]]) -> Any:
        """A count, kept or made; of one person's record at once."""
        near = any(rank(part) <= SURE for part in flatten(plan.where))

        async def count() -> Any:
            return await self._readers.read(steps, long=not near, patience=PATIENCE)

        async def look(at: int) -> tuple[int, int]:
            return await self._readers.read(lambda: standing(at), long=True)

        return await self._counts.of(plan, count, look)

    def _snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        return snapshot(self._directory)

    def _submit(self, change: Change, *, derived: bool) -> Awaitable[Result]:
        return self._halves[derived].committer.submit(change)

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
