"""Group commit: one task and one connection for each schema.

What is handed over in one turn of the loop, and all that came while the last transaction was on its way to disk, is one
transaction; its callers are woken together. Each begins by taking the schema's next turn: the transactions of all processes are one
after another, and whoever finds that others wrote since reads what is new of what it keeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import asyncpg
import structlog

from interop.errors import Problem
from interop.store.postgres.claims import deposed, settle
from interop.store.postgres.connection import GRACE, TURN, Connection, carefully, execute, is_lost, leave, unavailable
from interop.store.postgres.locks import fence, lost
from interop.store.sql.figures import Work
from interop.store.sql.statement import Parameters, Rows, Statement, Steps, T
from interop.store.sql.writer import Result, Writer
from interop.store.values import LOCK, Change, Committed, Conflict

Call = tuple[Change, "asyncio.Future[Result]"]
Answers = list[Result | Exception]
Execute = Callable[[Connection, str, Parameters], Awaitable[Rows]]

LIMIT = 1_024
"""Changes in one transaction."""
LARGE = 64
"""Resources from which a group's rows are made on another thread: the loop goes on answering."""
PATIENT = "SET LOCAL idle_in_transaction_session_timeout = '30s'; "
"""Between the statements of a large group more time may pass before the server takes its process to hang."""

log = structlog.get_logger()


class Committer:
    """Commits changes of one schema in groups. ``connect`` makes the writing connection."""

    def __init__(self, name: str, connect: Callable[[], Awaitable[Connection]], writer: Writer) -> None:
        self.work = Work()
        self.turn = -1
        """The number of the last commit that is known here, with all that the writer keeps of it."""
        self._name = name
        self._connect = connect
        self._writer = writer
        self._connection: Connection | None = None
        self._gathered: list[Call] = []
        self._arrived = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, read what the writer keeps in memory, begin. Raises what ``connect`` raises."""
        await self._ready()
        self._task = asyncio.create_task(self._work(), name=f"commit-{self._name}")

    def submit(self, change: Change) -> asyncio.Future[Result]:
        """Hand a change over; the future is done when it is on disk."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if self._closed:
            future.set_exception(Problem("stopping"))
        else:
            self._gathered.append((change, future))
            self._arrived.set()
        return future

    async def close(self) -> None:
        """Commit what was handed over, then let go of the connection."""
        self._closed = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        if self._connection is not None:
            await leave(self._connection)

    async def _work(self) -> None:
        while not self._closed or self._gathered:
            await self._arrived.wait()
            self._arrived.clear()
            while self._gathered:
                calls, self._gathered = self._gathered[:LIMIT], self._gathered[LIMIT:]
                for (_, future), answer in zip(calls, await self._group([change for change, _ in calls]), strict=True):
                    if not future.done():
                        if isinstance(answer, Exception):
                            future.set_exception(answer)
                        else:
                            future.set_result(answer)

    async def _group(self, changes: list[Change]) -> Answers:
        """Commit together; where one change cannot be written at all, each by itself."""
        try:
            try:
                return await self._transaction(changes)
            except asyncpg.UniqueViolationError:
                return await self._transaction(changes, carefully)
        except Exception as error:
            if isinstance(error, Problem):
                failure: Exception = error
            elif is_lost(error):
                return [unavailable(error)] * len(changes)
            else:
                failure = Problem("fault", detail=type(error).__name__)
                failure.__cause__ = error
        if len(changes) == 1:
            return [failure]
        return [answer for change in changes for answer in await self._group([change])]

    async def _transaction(self, changes: list[Change], execute: Execute = execute) -> Answers:
        connection, work = await self._ready(), self.work
        begun = perf_counter()
        try:
            large = sum(len(one.puts) for one in changes) > LARGE
            turn = await self._begin(connection, large=large)
            results = await self._written(connection, changes, large=large, execute=execute)
            await connection.execute("COMMIT", timeout=TURN + GRACE)
        except BaseException as error:
            self._writer.abandon()
            await self._undo(connection, lost=is_lost(error) or not isinstance(error, Exception))
            raise
        self._writer.settle()
        self.turn = turn
        work.took(perf_counter() - begun, len(changes))
        work.groups += 1
        work.syncs += 1
        work.statements += 2
        committed = sum(isinstance(result, Committed) for result in results)
        work.commits += committed
        work.conflicts += len(results) - committed
        return list(results)

    async def _written(self, connection: Connection, changes: list[Change], *, large: bool, execute: Execute) -> Answers:
        """What the writer says of each change; those whose locks or claims are lost are in conflict."""
        if criteria := {name for change in changes for name in change.criteria}:
            await fence(connection, criteria)
        holders = {change.held for change in changes if change.held}
        gone = await lost(connection, holders) if holders else ()
        bad = await deposed(connection, changes) | {
            place: Conflict(LOCK, "", change.held, 0) for place, change in enumerate(changes) if change.held in gone
        }
        good = [change for place, change in enumerate(changes) if place not in bad] if bad else changes
        results = iter(await self._run(connection, self._writer.write(good), large=large, execute=execute))
        answers: Answers = []
        for place, change in enumerate(changes):
            answer = bad.get(place) or next(results)
            if isinstance(answer, Committed):
                answer.claims = await settle(connection, change)
            answers.append(answer)
        return answers

    async def _begin(self, connection: Connection, *, large: bool) -> int:
        """Begin a transaction by taking the next turn, when those before it have ended; its number. Where nobody else wrote since
        the last one, that is one statement."""
        begun = await connection.execute(
            f"BEGIN; {PATIENT if large else ''}UPDATE turn SET number = number + 1 WHERE number = {self.turn}",
            timeout=TURN + GRACE,
        )
        if begun == "UPDATE 1":
            return self.turn + 1
        turn: int = await connection.fetchval("UPDATE turn SET number = number + 1 RETURNING number")
        self.work.statements += 1
        await self._run(connection, self._writer.load(), large=False)
        return turn

    async def _ready(self) -> Connection:
        """The connection. A new one reads anew what the writer keeps: whether the last commit was done is not known."""
        if self._connection is None or self._connection.is_closed():
            self._connection = None
            connection = await self._connect()
            try:
                await self._run(connection, self._writer.load(), large=False)
            except BaseException:
                connection.terminate()
                raise
            self._connection, self.turn = connection, -1
        return self._connection

    async def _undo(self, connection: Connection, *, lost: bool) -> None:
        if not lost:
            try:
                await connection.execute("ROLLBACK")
            except Exception as error:
                log.warning("a transaction could not be undone", error=type(error).__name__)
                lost = True
        if lost:
            connection.terminate()
            self._connection = None

    async def _run(self, connection: Connection, steps: Steps[T], *, large: bool, execute: Execute = execute) -> T:
        """Run steps to their end; those of a large group on a thread between the statements."""
        loop, rows, done = asyncio.get_running_loop(), None, 0
        try:
            while True:
                following = await loop.run_in_executor(None, _step, steps, rows) if large else _step(steps, rows)
                if isinstance(following, _Ended):
                    result: T = following.value
                    return result
                done += 1
                rows = await execute(connection, *following)
        finally:
            self.work.statements += done


@dataclass(slots=True)
class _Ended:
    """What steps came to."""

    value: Any


def _step(steps: Steps[Any], rows: Rows | None) -> Statement | _Ended:
    """The next statement; StopIteration may not pass between threads."""
    try:
        return next(steps) if rows is None else steps.send(rows)
    except StopIteration as stop:
        return _Ended(stop.value)
