"""Locks by name over the processes that share a database: session advisory locks, all on one connection of the process.

A name is a stripe, one of a few thousand numbers, so that a transaction of any size fits into the server's table of locks. Whoever
wants several takes them in the order of their numbers and keeps what it has while it waits, so that no two wait for each other.
They are tried and never waited for on the connection: others' unlocking would wait behind. Who has tried in vain says so by a
shared lock, and who comes later lets it have its turn.

The connection is a lease: a process that is silent for ``SILENT`` seconds loses its locks. So that it cannot write on what it took
to be locked, a lock of its own stands for the connection (its *holder*, a random number); a commit that names it is refused once
that is free. Between that question and the end of the commit the lease may end too: a commit under criteria holds their stripes
itself until then (``fence``), and nobody has them before.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from hashlib import blake2b
from time import monotonic
from typing import Final

import structlog

from interop.background import Background, within
from interop.errors import Problem
from interop.store.postgres.connection import SETTINGS, Connection, is_lost, leave, unavailable

Name = tuple[str, str]

HOLDER, HELD, WANTED, COMMITTING = 0x696E7466, 0x696E7467, 0x696E7468, 0x696E746A
"""The first keys of the advisory locks: of a connection's own, of stripes that are held, of those that somebody waits for, of
those under which something is being committed."""
STRIPES: Final = 2_048
"""Of each part of the names."""
PARTS: Final = {"?": 0, "+": 2, "": 3}
"""The parts by what a name begins with, in the order in which they are taken: criteria, resources (1), those that are being made,
what stands alone."""
AGAIN: Final = 0.004
"""Seconds between two tries."""
ALIVE: Final = 0.5
"""Seconds after which a connection that is not used says that it is there."""
SILENT: Final = 3
"""Seconds after which the server ends one that has not."""
LEASED: Final = SETTINGS | {"idle_session_timeout": f"{SILENT}s"}
OTHERS: Final = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = CAST(CAST($1 AS bigint) AS oid) "
    "AND objid <> CAST(CAST($2 AS bigint) AS oid) AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
TRY: Final = (
    "SELECT s, CASE WHEN waits OR pg_try_advisory_xact_lock($1, s) THEN "
    f"CASE WHEN s >= {STRIPES} OR pg_try_advisory_xact_lock({COMMITTING}, s) THEN pg_try_advisory_lock($2, s) ELSE false END "
    "ELSE false END FROM unnest(CAST($3 AS integer[]), CAST($4 AS boolean[])) AS t (s, waits)"
)
FENCE: Final = f"SELECT pg_advisory_xact_lock_shared({COMMITTING}, s) FROM unnest(CAST($1 AS integer[])) AS t (s)"
WAIT: Final = "SELECT pg_try_advisory_lock_shared($1, s) FROM unnest(CAST($2 AS integer[])) AS t (s)"
GIVE: Final = "SELECT pg_advisory_unlock($1, s) FROM unnest(CAST($2 AS integer[])) AS t (s)"
LEAVE: Final = "SELECT pg_advisory_unlock_shared($1, s) FROM unnest(CAST($2 AS integer[])) AS t (s)"
log = structlog.get_logger()


def stripe(name: Name) -> int:
    """The number of a name."""
    digest = int.from_bytes(blake2b("\x1f".join(name).encode(), digest_size=4).digest()) % STRIPES
    return digest + STRIPES * PARTS.get(name[0][:1], 1)


class Taking:
    """Stripes that somebody is to have: ``lacks`` in order, ``has`` so far."""

    __slots__ = ("done", "has", "holder", "lacks")

    def __init__(self, stripes: Iterable[int]) -> None:
        self.lacks = sorted(set(stripes), reverse=True)
        self.has: list[int] = []
        self.holder = 0
        self.done: asyncio.Future[int] = asyncio.get_running_loop().create_future()


class AdvisoryLocks:
    """``connect`` makes the connection, with the settings ``LEASED``."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._holder = 0
        self._counts: Counter[int] = Counter()
        self._taking: list[Taking] = []
        self._waiting: set[int] = set()
        self._surplus: list[int] = []
        self._wake = asyncio.Event()
        self._working = Background()
        self._said = 0.0
        """When the server was heard last."""

    async def take(self, names: Iterable[Name]) -> int:
        """Have these names; the holder that commits under them name. Raises Problem ``journal-unavailable``."""
        if not self._working.running:
            self._working.start(self._work())
        taking = Taking(map(stripe, names))
        self._taking.append(taking)
        self._wake.set()
        try:
            return await taking.done
        except asyncio.CancelledError:
            self._drop(taking)
            raise

    def give(self, names: Iterable[Name], holder: int) -> None:
        """Let others have them; what a connection held that is lost is free already."""
        if holder == self._holder:
            self._release({stripe(name) for name in names})

    async def others(self) -> int:
        """How many other connections there are that hold names or may. Raises as ``take``."""
        here = ("", "others")
        holder = await self.take([here])
        self.give([here], holder)
        connection = await self._connect()
        try:
            return int(await connection.fetchval(OTHERS, HOLDER, holder))
        except Exception as error:
            raise unavailable(error) from error
        finally:
            await leave(connection)

    async def close(self) -> None:
        """Let go of all."""
        await self._working.stop()
        for taking in self._taking:
            if not taking.done.done():
                taking.done.set_exception(Problem("stopping"))
        if self._connection is not None:
            await leave(self._connection)

    async def _work(self) -> None:
        while True:
            if not self._surplus:
                await within(self._wake, AGAIN if self._taking else ALIVE)
            self._wake.clear()
            if self._connection is None and not self._taking:
                continue
            try:
                await self._round(await self._ready())
                self._said = monotonic()
            except Exception as error:
                self._lost(error)

    async def _round(self, connection: Connection) -> None:
        """Give back what is not needed, then try what is."""
        surplus, self._surplus = self._surplus, []
        if surplus:
            await connection.fetch(GIVE, HELD, surplus)
        wanted = sorted({each for taking in self._taking for each in taking.lacks if not self._counts[each]})
        if not wanted:
            if not (surplus or self._taking):
                await connection.execute("SELECT 1")
            self._advance(frozenset())
            return
        tried = await connection.fetch(TRY, WANTED, HELD, wanted, [each in self._waiting for each in wanted])
        got = frozenset(each for each, had in tried if had)
        self._advance(got)
        if left := sorted(self._waiting & got):
            self._waiting -= got
            await connection.fetch(LEAVE, WANTED, left)
        lacking = {taking.lacks[-1] for taking in self._taking if taking.lacks}
        if new := sorted(lacking - self._waiting - got):
            for each, (had,) in zip(new, await connection.fetch(WAIT, WANTED, new), strict=True):
                if had:
                    self._waiting.add(each)

    def _advance(self, got: frozenset[int]) -> None:
        """Let each have what it may: of its stripes as many as follow each other, so that the order holds."""
        for taking in self._taking:
            while taking.lacks and (self._counts[taking.lacks[-1]] or taking.lacks[-1] in got):
                each = taking.lacks.pop()
                self._counts[each] += 1
                taking.has.append(each)
            taking.holder = self._holder
            if not taking.lacks and not taking.done.done():
                taking.done.set_result(self._holder)
        self._taking = [taking for taking in self._taking if not taking.done.done()]
        self._surplus += [each for each in got if not self._counts[each]]

    def _release(self, stripes: Iterable[int]) -> None:
        for each in stripes:
            self._counts[each] -= 1
            if not self._counts[each]:
                del self._counts[each]
                self._surplus.append(each)
        self._wake.set()

    def _drop(self, taking: Taking) -> None:
        """Nobody waits for it any more."""
        if taking in self._taking:
            self._taking.remove(taking)
        if taking.holder == self._holder:
            self._release(taking.has)

    async def _ready(self) -> Connection:
        connection = self._connection
        if connection is None or connection.is_closed():
            self._forget()
            connection = await self._connect()
            try:
                holder = secrets.randbelow(2**31 - 1) + 1
                await connection.execute(f"SELECT pg_advisory_lock({HOLDER}, {holder})")
            except BaseException:
                connection.terminate()
                raise
            self._connection, self._holder, self._said = connection, holder, monotonic()
        return connection

    def _forget(self) -> None:
        """All that was held is lost; whoever still waits begins anew."""
        self._connection, self._holder = None, 0
        self._counts.clear()
        self._waiting.clear()
        self._surplus.clear()
        for taking in self._taking:
            taking.lacks = sorted((*taking.lacks, *taking.has), reverse=True)
            taking.has.clear()

    def _lost(self, error: Exception) -> None:
        silent = monotonic() - self._said if self._connection is not None else 0.0
        log.warning("locks lost", **why(error, silent, SILENT))
        if self._connection is not None:
            self._connection.terminate()
            self._forget()
            return
        failure = unavailable(error) if is_lost(error) else Problem("fault", detail=type(error).__name__)
        taking, self._taking = self._taking, []
        for each in taking:
            if not each.done.done():
                each.done.set_exception(failure)


def why(error: Exception, silent: float, allowed: float) -> dict[str, str]:
    """What is told of a connection that is a lease, for the log. Of one that the server has ended for its silence the driver says
    whatever it was about to do."""
    if silent >= allowed:
        return {"reason": "silent", "seconds": f"{silent:.1f}", "allowed": f"{allowed:g}"}
    return {"reason": "connection", "error": type(error).__name__, "code": str(getattr(error, "sqlstate", None) or "")}


async def fence(connection: Connection, criteria: Iterable[Name]) -> None:
    """Keep these criteria from others until the transaction ends, whatever becomes of the connection that holds their names: to
    be called before ``lost``. Whoever tries for them holds the fence for the length of one statement."""
    await connection.fetch(FENCE, sorted({stripe(name) for name in criteria}))


async def lost(connection: Connection, holders: Iterable[int]) -> frozenset[int]:
    """Those of the holders whose connection is no longer: to be asked within a transaction."""
    found = set()
    for holder in holders:
        if holder < 0 or await connection.fetchval("SELECT pg_try_advisory_xact_lock_shared($1, $2)", HOLDER, holder):
            found.add(holder)
    return frozenset(found)
