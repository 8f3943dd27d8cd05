"""Copies of the journal, taken while an engine may write to it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

from interop.store.sql.copying import PORTION, TABLES
from interop.store.sql.statement import marks
from interop.store.sqlite.connection import JOURNAL
from interop.store.sqlite.store import SqliteStore

Portion = tuple[str, list[tuple[Any, ...]]]
"""A table and some of its rows."""


def has_journal(directory: Path) -> bool:
    """Whether there is a journal in a data directory."""
    return (directory / JOURNAL).is_file()


def copy_journal(source: Path, target: Path) -> None:
    """Copy the journal of one data directory to another, consistent though it is in use."""
    with closing(sqlite3.connect(source / JOURNAL)) as one, closing(sqlite3.connect(target / JOURNAL)) as other:
        one.backup(other)


async def read_journal(directory: Path) -> AsyncIterator[Portion]:
    """The rows of the journal as they were at one moment."""
    address = f"{(directory / JOURNAL).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for table, columns in TABLES:
            cursor = connection.execute(f"SELECT {', '.join(columns)} FROM {table}")
            while rows := cursor.fetchmany(PORTION):
                yield table, rows


async def write_journal(directory: Path, portions: AsyncIterator[Portion]) -> None:
    """Make the files where they are not there and add the rows, all or none. Raises what opening raises."""
    await SqliteStore.open(directory).close()
    columns = dict(TABLES)
    with closing(sqlite3.connect(directory / JOURNAL, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        async for table, rows in portions:
            head = f"INSERT INTO {table} ({', '.join(columns[table])}) VALUES ({marks(len(columns[table]))})"
            connection.executemany(head, rows)
        connection.execute("COMMIT")
