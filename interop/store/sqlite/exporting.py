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
from typing import TypeVar

import orjson

from interop.store.sql.exporting import NAMES, Walk
from interop.store.sql.statement import Rows, Statement
from interop.store.sqlite.connection import is_disk, reading, unavailable
from interop.store.values import Block

CACHE = 16_384
"""KiB of pages that an export keeps."""
T = TypeVar("T")


class FileSnapshot:
    """``interop.store.sql.exporting.Snapshot``."""

    def __init__(self, connection: sqlite3.Connection, run: Callable[[Callable[[], T]], asyncio.Future[T]]) -> None:
        self._connection = connection
        self._run = run

    async def block(self, walk: Walk, after: str, count: int) -> Block:
        """The next resources of a walk."""
        ((ids, subjects, several, lines),) = await self.rows((_gathered(walk), {**walk.parameters, "after": after, "count": count}))
        return Block(walk.type, orjson.loads(ids), orjson.loads(subjects), [each == "1" for each in several], lines or b"")

    async def rows(self, statement: Statement) -> Rows:
        """The rows of a statement."""
        return await self._run(lambda: self._connection.execute(*statement).fetchall())  # type: ignore[arg-type, return-value]


def _gathered(walk: Walk) -> str:
    name = f"x'{NAMES.hex()}'"
    first = f"instr(body, {name})"
    again = f"instr(substr(body, {first} + 1), {name}) > 0"
    several = f"{first} > 0" if walk.type == "Patient" else f"CASE WHEN subject = '' THEN {first} > 0 ELSE {again} END"
    return (
        f"{walk.prologue}SELECT json_group_array(id), json_group_array(subject), coalesce(group_concat({several}, ''), ''), "
        f"CAST(group_concat(CAST(body AS TEXT), char(10)) AS BLOB) FROM (SELECT id, subject, body FROM ({walk.rows}))"
    )


@asynccontextmanager
async def snapshot(directory: Path) -> AsyncIterator[FileSnapshot]:
    """The record as it is now, until the block ends. Raises Problem ``journal-unavailable``."""
    loop = asyncio.get_running_loop()
    pool = ThreadPoolExecutor(1, thread_name_prefix="export")

    def begun() -> sqlite3.Connection:
        connection = reading(directory, cache=CACHE)
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM resource LIMIT 1").fetchall()  # the transaction begins with its first read
        return connection

    def run(work: Callable[[], T]) -> asyncio.Future[T]:
        return loop.run_in_executor(pool, _guarded, work)

    try:
        connection = await run(begun)
        try:
            yield FileSnapshot(connection, run)
        finally:
            await asyncio.shield(run(connection.close))
    finally:
        pool.shutdown(wait=False)


def _guarded(work: Callable[[], T]) -> T:
    try:
        return work()
    except sqlite3.Error as error:
        if is_disk(error):
            raise unavailable(error) from None
        raise
