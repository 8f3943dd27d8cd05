"""One state of the database for an export: a repeatable read on a connection of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from interop.store.postgres.connection import (
    JOURNAL,
    READING,
    RECORD,
    Connection,
    connect,
    execute,
    is_lost,
    leave,
    unavailable,
)
from interop.store.sql.exporting import Walk, made
from interop.store.sql.statement import Rows, Statement
from interop.store.values import Block


class DatabaseSnapshot:
    """``interop.store.sql.exporting.Snapshot``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def block(self, walk: Walk, after: str, count: int) -> Block:
        """The next resources of a walk."""
        parameters = {**walk.parameters, "after": after, "count": count}
        return made(walk.type, await self.rows((f"{walk.prologue}{walk.rows}", parameters)))

    async def rows(self, statement: Statement) -> Rows:
        """The rows of a statement."""
        return await execute(self._connection, *statement)


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[DatabaseSnapshot]:
    """The record as it is now, until the block ends. Raises Problem ``journal-unavailable``."""
    try:
        connection = await connect(url, READING, path=f"{RECORD},{JOURNAL}")
        try:
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            await connection.fetch("SELECT 1 FROM resource LIMIT 1")
            yield DatabaseSnapshot(connection)
        finally:
            await leave(connection)
    except Exception as error:
        if is_lost(error):
            raise unavailable(error) from None
        raise
