"""One state of the record's file for an export: a read transaction on a connection and a thread of its own.

A block comes as one row: the interpreter is entered once for hundreds of resources, so that what is asked meanwhile does not wait,
and an export does not wait for what is asked.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import orjson

from interop.store.sql.exporting import Walk, naming
from interop.store.sql.statement import Rows, Statement
from interop.store.sqlite.connection import is_disk, reading, unavailable
from interop.store.values import Block

CACHE = 16_384
"""KiB of pages that an export keeps."""
T = TypeVar("T")


class FileSnapshot:
    """``interop.store.sql.exporting.Snapshot``."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection, self._thread = connection, thread

    async def block(self, walk: Walk, after: str, count: int) -> Block:
        """The next resources of a walk."""
        return await _run(self._thread, lambda: self._block(walk, {**walk.parameters, "after": after, "count": count}))

    def _block(self, walk: Walk, parameters: dict[str, Any]) -> Block:
        ((ids, subjects, joined),) = self._connection.execute(_gathered(walk), parameters).fetchall()
        lines: bytes = joined or b""
        subjects = orjson.loads(subjects)
        return Block(
            walk.type, orjson.loads(ids), subjects, naming(walk.type, subjects, lines.split(b"\n") if lines else []), lines
        )

    async def rows(self, statement: Statement) -> Rows:
        """The rows of a statement."""
        return await _run(self._thread, lambda: self._connection.execute(*statement).fetchall())


def _gathered(walk: Walk) -> str:
    return (
        f"{walk.prologue}SELECT json_group_array(id), json_group_array(subject), "
        f"CAST(group_concat(CAST(body AS TEXT), char(10)) AS BLOB) FROM ({walk.rows})"
    )


@asynccontextmanager
async def snapshot(directory: Path) -> AsyncIterator[FileSnapshot]:
    """The record as it is now, until the block ends. Raises Problem ``journal-unavailable``."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="export")
    # Who is ended while the thread opens it never has it; and one that stays open holds up who closes the store.
    opened: list[sqlite3.Connection] = []

    def begun() -> sqlite3.Connection:
        opened.append(reading(directory, cache=CACHE))
        opened[0].execute("BEGIN")
        opened[0].execute("SELECT 1 FROM resource LIMIT 1").fetchall()  # the transaction begins with its first read
        return opened[0]

    def ended() -> None:
        for connection in opened:
            connection.close()

    try:
        yield FileSnapshot(await _run(pool, begun), pool)
    finally:
        await asyncio.shield(_run(pool, ended))
        pool.shutdown(wait=False)


def _guarded(work: Callable[[], T]) -> T:
    try:
        return work()
    except sqlite3.Error as error:
        if is_disk(error):
            raise unavailable(error) from None
        raise


def _run(pool: ThreadPoolExecutor, work: Callable[[], T]) -> asyncio.Future[T]:
    return asyncio.get_running_loop().run_in_executor(pool, _guarded, work)
