"""Group commit: a thread that owns the one writing connection of a file.

All changes handed over in one turn of the loop, and all that came while the last transaction was synced, are one transaction
and one sync; their callers are woken together. A transaction of changes that the journal makes again is not synced.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic, perf_counter

from interop.errors import Problem
from interop.store.sql.figures import Work
from interop.store.sql.statement import Steps, T
from interop.store.sql.writer import Result, Writer
from interop.store.sqlite.connection import is_disk, is_failure, sync, unavailable
from interop.store.values import Change, Committed

Call = tuple[Change, "asyncio.Future[Result]"]
Batch = tuple[asyncio.AbstractEventLoop, list[Call]]
Answers = list[Result | Exception]

LIMIT = 1_024
"""Changes in one transaction."""
PROVED = 1.0
"""Seconds for which a commit that was on disk tells that the next will be."""
PROOF = Change()
"""Changes nothing: a page is written as it is, and synced."""


class Committer:
    """Commits changes of one file in groups. Its thread calls ``between`` after each group and, when nothing waits, ``behind``
    until that returns False: there is no more work that may come later. ``mend`` is called before the first commit after a failure
    of the disk, until it does not raise OSError."""

    def __init__(
        self,
        name: str,
        connection: sqlite3.Connection,
        writer: Writer,
        between: Callable[[], None],
        behind: Callable[[sqlite3.Connection], bool] | None = None,
        mend: Callable[[], None] = lambda: None,
    ) -> None:
        self.work = Work()
        self._connection = connection
        self._writer = writer
        self._between = between
        self._behind = behind
        self._mend = mend
        self._failed = False
        """A sync may have failed, and what it left out has not been written again."""
        self._synced = True
        self._proved = -PROVED
        self.refused: Problem | None = None
        """Why the disk did not take the last transaction; None where it did."""
        self._handed = 0
        self._caught_up = 0
        self._asked: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._queue: SimpleQueue[Batch | None] = SimpleQueue()
        self._gathered: dict[asyncio.AbstractEventLoop, list[Call]] = {}
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=f"commit-{name}", daemon=True)
        self._thread.start()

    def submit(self, change: Change) -> asyncio.Future[Result]:
        """Hand a change over, on the loop's thread; the future is done when it is on disk."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        if self._closed:
            future.set_exception(Problem("stopping"))
            return future
        calls = self._gathered.get(loop)
        if calls is None:
            calls = self._gathered[loop] = []
            loop.call_soon(self._flush, loop)
        calls.append((change, future))
        return future

    def caught_up(self) -> asyncio.Future[None]:
        """Done when the work behind the commits that were handed over so far is done."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        if self._closed or (not self._gathered and self._caught_up == self._handed):
            future.set_result(None)
        else:
            self._flush(loop)
            self._asked.append((self._handed + 1, loop, future))
            self._put((loop, []))
        return future

    async def prove(self) -> None:
        """Find out whether the disk takes commits, by one where there was none of late. Raises Problem ``journal-unavailable``,
        ``stopping``."""
        if self.refused is not None or monotonic() - self._proved >= PROVED:
            await self.submit(PROOF)

    def close(self) -> None:
        """Commit what was handed over and end the thread. Blocks."""
        if not self._closed:
            self._closed = True
            for loop in list(self._gathered):
                self._flush(loop)
            self._queue.put(None)
        self._thread.join()

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        calls = self._gathered.pop(loop, None)
        if calls:
            self._put((loop, calls))

    def _put(self, batch: Batch) -> None:
        self._handed += 1
        self._queue.put(batch)

    def _next(self, taken: int) -> Batch | None:
        """What is to be committed next; until it comes, what may be done behind."""
        while True:
            try:
                return self._queue.get_nowait()
            except Empty:
                if self._behind is not None:
                    self._sync(False)  # what is done behind is found undone again
                if self._behind is None or not self._behind(self._connection):
                    self._tell_caught_up(taken)
                    return self._queue.get()

    def _tell_caught_up(self, taken: int) -> None:
        self._caught_up = taken
        for asked in [one for one in self._asked if one[0] <= taken]:
            self._asked.remove(asked)
            _, loop, future = asked
            with suppress(RuntimeError):  # the loop has ended; nobody waits
                loop.call_soon_threadsafe(_done, future)

    def _work(self) -> None:
        queue = self._queue
        last, taken = False, 0
        while not last:
            first = self._next(taken)
            if first is None:
                return
            batches = [first]
            size = len(first[1])
            while size < LIMIT:
                try:
                    more = queue.get_nowait()
                except Empty:
                    break
                if more is None:
                    last = True
                    break
                batches.append(more)
                size += len(more[1])
            taken += len(batches)
            if not size:
                continue
            answers = self._group([change for _, calls in batches for change, _ in calls])
            start = 0
            for loop, calls in batches:
                self._tell(loop, calls, answers[start : start + len(calls)])
                start += len(calls)
            self._between()

    def _group(self, changes: list[Change]) -> Answers:
        """Commit together; where one change cannot be written at all, each by itself."""
        try:
            if self._failed:
                self._mend()
                self._failed = False
            return self._transaction(changes)
        except OSError as error:
            self.refused = Problem("journal-unavailable", detail=type(error).__name__)
            return [self.refused] * len(changes)
        except sqlite3.Error as error:
            self._failed |= is_failure(error)
            if is_disk(error):
                self.refused = unavailable(error)
                return [self.refused] * len(changes)
            failure: Exception = Problem("fault", detail=type(error).__name__)
            failure.__cause__ = error
        except Exception as error:  # a value that no column takes, a caller's mistake
            failure = error
        if len(changes) == 1:
            return [failure]
        return [answer for change in changes for answer in self._group([change])]

    def _transaction(self, changes: list[Change]) -> Answers:
        connection, work = self._connection, self.work
        synced = not all(change.follows for change in changes)
        begun = perf_counter()
        try:
            self._sync(synced)
            connection.execute("BEGIN IMMEDIATE")
            results = self._run(self._writer.write(changes))
            if any(change is PROOF for change in changes):
                self._touch()
            connection.execute("COMMIT")
        except BaseException:
            self._writer.abandon()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._writer.settle()
        self.refused = None
        if synced:
            self._proved = monotonic()
        work.took(perf_counter() - begun, len(changes))
        work.groups += 1
        work.finds += any(map(_finds, changes))
        work.syncs += synced
        work.statements += 2
        committed = sum(isinstance(result, Committed) for result in results)
        work.commits += committed
        work.conflicts += len(results) - committed
        return list(results)

    def _touch(self) -> None:
        """Write a page as it is."""
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        self._connection.execute(f"PRAGMA user_version = {version}")

    def _sync(self, wanted: bool) -> None:
        if wanted is not self._synced:
            sync(self._connection, wanted)
            self._synced = wanted

    def _run(self, steps: Steps[T]) -> T:
        execute, done = self._connection.execute, 0
        try:
            sql, parameters = next(steps)
            while True:
                done += 1
                sql, parameters = steps.send(execute(sql, parameters).fetchall())
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            self.work.statements += done

    def _tell(self, loop: asyncio.AbstractEventLoop, calls: list[Call], answers: Answers) -> None:
        with suppress(RuntimeError):  # the loop has ended; nobody waits
            loop.call_soon_threadsafe(_answer, calls, answers)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _answer(calls: list[Call], answers: Answers) -> None:
    for (_, future), answer in zip(calls, answers, strict=True):
        if not future.done():
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)


def _finds(change: Change) -> bool:
    """Whether a change may change what a search finds, or who may see it."""
    return bool(change.puts or change.reindexed or change.states or change.withheld or change.links or change.link_events)
