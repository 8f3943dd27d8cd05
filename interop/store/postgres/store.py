"""``interop.store.seam.Store`` on two schemas of a PostgreSQL database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import structlog

from interop.clock import Clock, SystemClock
from interop.store import plan as plans
from interop.store.plan import Plan
from interop.store.postgres import claims, schema
from interop.store.postgres.committer import Committer
from interop.store.postgres.connection import (
    ANSWER,
    GRACE,
    JOURNAL,
    READING,
    RECORD,
    SETTINGS,
    WRITING,
    Connection,
    connect,
    is_lost,
    leave,
    unavailable,
)
from interop.store.postgres.dialect import PostgresDialect
from interop.store.postgres.exporting import snapshot
from interop.store.postgres.locks import LEASED, SILENT, AdvisoryLocks
from interop.store.postgres.pool import Pool
from interop.store.postgres.seats import AdvisorySeats
from interop.store.sql.exporting import Snapshot
from interop.store.sql.feeds import FeedCounter
from interop.store.sql.figures import Counters, Figures, counters
from interop.store.sql.index import TABLES
from interop.store.sql.journal import JournalWriter
from interop.store.sql.names import Names
from interop.store.sql.record import RecordWriter
from interop.store.sql.statement import Steps, T
from interop.store.sql.store import SqlStore
from interop.store.sql.writer import Result, Writer
from interop.store.values import Change

READERS = 8
"""Connections that answer questions of the API."""
OWN = 2
"""Connections of each kind that answer the engine's own questions: a busy API never holds the dispatcher up, nor does what the
engine reads for long hold up what each request asks first, or the journal's working off."""
COSTLY = 2.0
"""Seconds that a statement of the API may take."""
LONG = 60.0
"""Seconds that a statement of the engine may take."""
FIRST = 20.0
"""Seconds that a statement may take that a request waits for before it is looked at."""
LOCK = 0x696E7465
"""The first key of advisory locks of whoever opens the database; the second says for what."""
SCHEMA, START = 1, 2
ANALYSED = 500
"""So many versions written, and as many as there were before, statistics are taken; then after ten times as many. The server does
so within a minute: till then a first load would go by plans made for empty tables."""
WAIT = 60.0
"""Seconds that a start waits for another's."""

ENGINE = (plans.Heads, plans.Snapshots, plans.Said, plans.Persons, plans.Claims, plans.Tables, plans.Waiting,
          plans.Versions, plans.Made, plans.Sharing, plans.Message, plans.Messages, plans.Feeds, plans.Coverage, plans.Hiding,
          plans.Everything, plans.Unfinished, plans.Left)  # fmt: skip


log = structlog.get_logger()


class PostgresStore(SqlStore):
    """The store on PostgreSQL. Made by ``open``; used from the event loop that opened it. Several processes may write to a
    database: each commit takes its turn."""

    def __init__(
        self, url: str, journal: JournalWriter, record: RecordWriter, names: Names, *, writes: bool, costly: float
    ) -> None:
        super().__init__(PostgresDialect(), journal, record, names, writes=writes)
        self._url = url
        self._others = True
        self._feeds = FeedCounter(lambda: 2**62, shared=True)
        self.seats = self._seats = AdvisorySeats(lambda: connect(url, SETTINGS, path=RECORD))
        self._answers |= {plan: (steps, False) for plan, steps in claims.PLANS.items()}
        self._turn = -1
        """Up to which commit of the record a reader has brought the dictionaries."""
        self._halves: tuple[Committer, ...] = ()
        self._api = Pool(lambda: self._reading(costly), READERS)
        self._own = Pool(lambda: self._reading(LONG), OWN)
        self._first = Pool(lambda: self._reading(FIRST), OWN)
        self._working = Pool(lambda: self._reading(LONG), OWN)
        self._pools = {
            **dict.fromkeys(ENGINE, self._own),
            **dict.fromkeys((plans.Turn, plans.NewsSince, plans.Meta), self._first),
            **dict.fromkeys(claims.PLANS, self._working),
        }
        self._near = self._far = 0
        self._locks = AdvisoryLocks(lambda: connect(url, LEASED, path=RECORD, answer=SILENT))
        self.locks = self._locks if writes else None
        self._analysed = ANALYSED
        self._analysis: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        clock: Clock | None = None,
        windows: Mapping[str, int] | None = None,
        on_wrong_content: Mapping[str, str] | str = "accept",
        read_only: bool = False,
        costly: float = COSTLY,
    ) -> PostgresStore:
        """Open the database at ``postgresql://…``, bringing its schemas up to date where that is needed.

        ``windows``, ``on_wrong_content``, ``read_only``: as for the embedded store. ``costly``: seconds after which a read of the
        API is given up.

        Raises BlockingIOError where another process's start does not end, OSError where a newer version made its schemas or,
        with ``read_only``, none did, ValueError where the address cannot be, Problem('journal-unavailable') where it cannot be
        reached.
        """
        names, dialect = Names(), PostgresDialect()
        journal = JournalWriter(dialect, windows or {}, on_wrong_content)
        record = RecordWriter(dialect, names, shared=True)
        store = cls(url, journal, record, names, writes=not read_only, costly=costly)
        try:
            if read_only:
                await store._own.read(names.load)
            else:
                await store._open(clock or SystemClock(), journal, record)
        except BaseException as error:
            await store._release()
            if isinstance(error, (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError)):
                raise FileNotFoundError("the database holds no journal") from None
            if is_lost(error) and not isinstance(error, (BlockingIOError, schema.Unfit)):
                raise unavailable(error) from error
            raise
        return store

    async def _open(self, clock: Clock, journal: Writer, record: Writer) -> None:
        for name, writer in ((JOURNAL, journal), (RECORD, record)):
            half = Committer(name, lambda name=name: self._writing(name, clock), writer)  # type: ignore[misc]
            self._halves = (*self._halves, half)
            await half.start()
        self._analysed = max(ANALYSED, self._record.last)

    async def _writing(self, name: str, clock: Clock) -> Connection:
        """A connection that writes; the schema is this version's. Raises BlockingIOError as ``starting`` does."""
        connection = await connect(self._url, WRITING, path=name, answer=ANSWER)
        try:
            if await connection.fetchval("SHOW server_encoding") != "UTF8":
                raise schema.Unfit("the database must be made with the encoding UTF8")
            if not await schema.current(connection, name):
                await self._migrated(name, clock)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _migrated(self, name: str, clock: Clock) -> None:
        """Bring a schema up to date, which may take any time."""
        async with self._alone(SCHEMA):
            connection = await connect(self._url, WRITING, path=name)
            try:
                await schema.migrate(connection, name, clock.now())
                if name == RECORD:
                    await schema.trigrams(connection)
            finally:
                await leave(connection)

    def starting(self) -> AbstractAsyncContextManager[None]:
        """As ``SqlStore.starting``; raises BlockingIOError where another process's start does not end."""
        return self._alone(START)

    @asynccontextmanager
    async def _alone(self, what: int) -> AsyncIterator[None]:
        connection = await connect(self._url, SETTINGS, path=RECORD)
        try:
            for _ in range(int(WAIT * 20)):
                if await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", LOCK, what):
                    break
                await asyncio.sleep(0.05)
            else:
                raise BlockingIOError("another process has begun to open the database and does not end")
            yield
        finally:
            await leave(connection)

    async def _reading(self, limit: float) -> Connection:
        return await connect(self._url, READING, path=f"{RECORD},{JOURNAL}", limit=limit, answer=limit + GRACE)

    async def close(self) -> None:
        """Commit what was handed over, then close every connection. Changes and plans handed over later are refused as
        ``stopping``."""
        await asyncio.sleep(0)
        await self._release()

    async def migrate(self) -> None:
        """``open`` has done it: a database is never used before its schemas are this version's."""

    @property
    def counters(self) -> Counters:
        """What the store has done since it was opened."""
        journal, record = self._halves
        return counters(
            journal.work, record.work, entries=self._journal.entries, puts=self._record.puts, near=self._near, far=self._far
        )

    async def figures(self) -> Figures:
        """Work, reads, bytes of the schemas' tables with their indexes."""
        sizes = dict(await self._own.read(_sizes))
        halves = {name: half.work for name, half in zip((JOURNAL, RECORD), self._halves, strict=False)}
        return Figures(halves, self._near, self._far, sizes)

    async def query(self, plan: Plan) -> list[Any]:
        found = await super().query(plan)
        if isinstance(plan, plans.Turn) and found[0] > self._turn and self._names_at() < found[0]:
            await self._read(plan, self._names.load, long=False)
            self._turn = found[0]
        return found

    def _names_at(self) -> int:
        """The commit up to which the writer has the dictionaries."""
        return self._halves[1].turn if self._halves else -1

    async def _read(self, plan: Plan, steps: Callable[[], Steps[T]], *, long: bool) -> T:
        if long:
            self._far += 1
        else:
            self._near += 1
        return await self._pools.get(type(plan), self._api).read(steps)

    def _snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        return snapshot(self._url)

    def _submit(self, change: Change, *, derived: bool) -> Awaitable[Result]:
        if self._record.puts >= self._analysed and (self._analysis is None or self._analysis.done()):
            self._analysed = self._record.puts * 10
            self._analysis = asyncio.create_task(self._analyse(), name="analyse")
        return self._halves[derived].submit(change)

    async def _analyse(self) -> None:
        """Take statistics of the record: every connection then plans its statements anew."""
        try:
            connection = await connect(self._url, SETTINGS, path=RECORD)
            try:
                tables = ("resource", "version", "index_version", "link", *(table for table, _ in TABLES))
                await connection.execute(f"ANALYZE {', '.join(tables)}")
            finally:
                await leave(connection)
        except Exception as error:
            log.warning("statistics not taken", error=type(error).__name__)

    async def _release(self) -> None:
        if self._analysis is not None:
            await self._analysis
        for half in reversed(self._halves):
            await half.close()
        await self._locks.close()
        await self._seats.close()
        for pool in (self._api, self._own, self._first, self._working):
            await pool.close()


def _sizes() -> Steps[list[tuple[str, int]]]:
    rows = yield (
        "SELECT n.nspname, CAST(sum(pg_total_relation_size(c.oid)) AS BIGINT) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname IN (?, ?) GROUP BY n.nspname",
        (JOURNAL, RECORD),
    )
    return [(name, size) for name, size in rows]
