"""Copies of the journal, and of whole files, taken while an engine may write to them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from interop.store.sql.copying import PORTION, TABLES
from interop.store.sql.statement import marks
from interop.store.sqlite.connection import JOURNAL
from interop.store.sqlite.schema import number
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


def copy_at_once(source: Path, target: Path, told: Callable[[int], None]) -> None:
    """Copy a file of SQLite that may be in use, as it is at one moment; ``told`` hears of so many bytes more. Nobody who writes
    waits. Raises sqlite3.Error, and OSError where the copy is not sound."""
    with (
        closing(sqlite3.connect(source, isolation_level=None)) as one,
        closing(sqlite3.connect(target, isolation_level=None)) as to,
    ):
        one.execute("PRAGMA query_only = ON")
        one.execute("BEGIN")
        one.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        size = one.execute("PRAGMA page_size").fetchone()[0]
        done = 0

        def progress(_: int, remaining: int, total: int) -> None:
            nonlocal done
            told((total - remaining - done) * size)
            done = total - remaining

        to.execute("PRAGMA synchronous = OFF")
        one.backup(to, pages=1_024, progress=progress)
        to.execute("PRAGMA journal_mode = DELETE")
        if to.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise OSError(f"{source.name} is damaged: the copy is not sound")
    with target.open("rb") as file:
        os.fsync(file.fileno())


def standing(path: Path) -> dict[str, int]:
    """How far a journal goes: its last message (0 = none), when that was received, how many there are."""
    with closing(sqlite3.connect(path)) as connection:
        last, received, count = connection.execute(
            "SELECT coalesce(max(message), 0), coalesce(max(received), 0), count(*) FROM entry"
        ).fetchone()
    return {"last": last, "received": received, "messages": count}


def schema_of(path: Path) -> int:
    """The last migration that a file has seen."""
    with closing(sqlite3.connect(path)) as connection:
        return number(connection)
