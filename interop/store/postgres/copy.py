"""Copies of the journal, taken while an engine may write to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from interop.store.postgres.connection import JOURNAL, READING, SETTINGS, connect
from interop.store.postgres.store import PostgresStore
from interop.store.sql.copying import PORTION, TABLES

Portion = tuple[str, list[tuple[Any, ...]]]
"""A table and some of its rows."""


async def has_journal(url: str) -> bool:
    """Whether the database holds messages. Raises as ``connect`` does."""
    connection = await connect(url, READING, path=JOURNAL)
    try:
        if await connection.fetchval("SELECT to_regclass($1)", f"{JOURNAL}.entry") is None:
            return False
        return bool(await connection.fetchval("SELECT EXISTS (SELECT 1 FROM entry)"))
    finally:
        await connection.close()


async def read_journal(url: str) -> AsyncIterator[Portion]:
    """The rows of the journal as they were at one moment."""
    connection = await connect(url, READING, path=JOURNAL)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for table, columns in TABLES:
                cursor = await connection.cursor(f"SELECT {', '.join(columns)} FROM {table}")
                while rows := await cursor.fetch(PORTION):
                    yield table, [tuple(row) for row in rows]
    finally:
        await connection.close()


async def write_journal(url: str, portions: AsyncIterator[Portion]) -> None:
    """Make the schemas where they are not there and add the rows, all or none. Raises what opening raises."""
    await (await PostgresStore.open(url)).close()
    connection, columns = await connect(url, SETTINGS, path=JOURNAL), dict(TABLES)
    try:
        async with connection.transaction():
            async for table, rows in portions:
                await connection.copy_records_to_table(table, records=rows, columns=columns[table])
    finally:
        await connection.close()
