"""Two ways to read: at once on the loop's thread, or, where that would hold the loop up, on a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import inf
from pathlib import Path

from interop.errors import Problem
from interop.store.sql.statement import Parameters, Rows, Steps, T
from interop.store.sqlite.connection import is_disk, reading, run, unavailable

BOUNDED = 100_000
"""Instructions of SQLite's machine that a read on the loop's thread may take: some milliseconds."""
COSTLY = 100_000_000
"""Instructions that any read may take."""
PATIENCE = 1.7
"""Seconds that a search may take on however busy a machine."""
CALLBACK = 1_000_000
NEAR = 65_536
"""KiB of pages that the loop's thread keeps: the inner pages of a million resources, and leaves that are often asked for."""


class Readers:
    """Runs reads. A read that proves long on the loop's thread is broken off and begun again on the reader's."""

    def __init__(self, directory: Path, costly: int = COSTLY) -> None:
        self._near = reading(directory, cache=NEAR)
        self._ticks = 0
        self._near.set_progress_handler(self._near_tick, BOUNDED // 2)
        self._far = reading(directory, cache=16_384)
        self._allowed = 0
        self._until = 0.0
        self._costly = costly
        self._far.set_progress_handler(self._tick, min(CALLBACK, costly))
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="read")
        self._lock = threading.Lock()
        self._stopping = False
        self.near = 0
        self.far = 0

    async def read(self, steps: Callable[[], Steps[T]], *, long: bool = False, patience: float = inf) -> T:
        """Run the steps. Suspends only where the read is long; then it may take so many seconds from when it begins.

        Raises Problem: ``too-costly``, ``journal-unavailable``, ``stopping``."""
        self._going()
        if not long:
            self.near += 1
            self._ticks = 0
            try:
                return run(self._near, steps())
            except sqlite3.Error as error:
                if is_disk(error):
                    raise unavailable(error) from None
                if not _is_costly(error):
                    raise
        self.far += 1
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, steps, patience)

    def at_once(self, statement: str, parameters: Parameters) -> Rows | None:
        """The rows of one bounded statement; None where it takes too long for the loop's thread. Raises Problem
        ``journal-unavailable``, ``stopping``."""
        self._going()
        self.near += 1
        self._ticks = 0
        try:
            return self._near.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            if is_disk(error):
                raise unavailable(error) from None
            if not _is_costly(error):
                raise
        return None

    def run(self, steps: Steps[T]) -> T:
        """Run steps now, on this thread, however long; for the start."""
        return self._run(lambda: steps, inf)

    def stop(self) -> None:
        """Refuse what is asked from now on. Called on the loop's thread, before ``close`` on any: a connection that is closed under
        a statement ends the process."""
        self._stopping = True

    def close(self) -> None:
        """Blocks until the last long read is done."""
        self._pool.shutdown()
        self._near.close()
        self._far.close()

    def _going(self) -> None:
        if self._stopping:
            raise Problem("stopping")

    def _run(self, steps: Callable[[], Steps[T]], patience: float) -> T:
        with self._lock:
            self._allowed = self._costly
            self._until = time.monotonic() + patience
            try:
                return run(self._far, steps())
            except sqlite3.Error as error:
                if is_disk(error):
                    raise unavailable(error) from None
                if _is_costly(error):
                    raise Problem("too-costly") from None
                raise

    def _near_tick(self) -> int:
        # A statement's instructions are counted over all its runs: the first tick of a run may be the work of those before.
        self._ticks += 1
        return self._ticks > 1

    def _tick(self) -> int:
        self._allowed -= min(CALLBACK, self._costly)
        return self._allowed <= 0 or time.monotonic() > self._until


def _is_costly(error: sqlite3.Error) -> bool:
    """Broken off by the handler, or more deeply nested or with more values than SQLite takes."""
    return getattr(error, "sqlite_errorcode", 0) in {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_TOOBIG} or str(error).startswith(
        ("parser stack overflow", "Expression tree is too large", "too many")
    )
