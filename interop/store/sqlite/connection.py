"""Connections, what they are set to, and which of their errors mean the disk."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from interop.errors import Problem
from interop.store.sql.statement import Steps, T

JOURNAL = "journal.sqlite"
RECORD = "record.sqlite"

DISK = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}


def writing(path: Path, *, cache: int) -> sqlite3.Connection:
    """A connection that writes: write-ahead log, checkpoints by others; whether commits wait for the disk, ``sync`` says.
    ``cache`` in KiB."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=10)
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "wal_autocheckpoint = 0",
        "secure_delete = FAST",
        "temp_store = MEMORY",
        f"cache_size = -{cache}",
    ):
        connection.execute(f"PRAGMA {setting}")
    return connection


def sync(connection: sqlite3.Connection, wanted: bool) -> None:
    """Whether commits from now on are on disk, and with them all before. Those that are not may be lost with the power, the last
    ones first and each as a whole."""
    connection.execute(f"PRAGMA synchronous = {'FULL' if wanted else 'NORMAL'}")


def reading(directory: Path, *, cache: int) -> sqlite3.Connection:
    """A connection that reads both files and cannot write."""
    connection = sqlite3.connect(
        f"{(directory / RECORD).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False,
        cached_statements=512, timeout=1,
    )  # fmt: skip
    connection.execute("ATTACH DATABASE ? AS journal", (f"{(directory / JOURNAL).absolute().as_uri()}?mode=ro",))
    for setting in ("query_only = ON", "temp_store = MEMORY", f"main.cache_size = -{cache}", f"journal.cache_size = -{cache // 4}"):
        connection.execute(f"PRAGMA {setting}")
    return connection


def is_disk(error: BaseException) -> bool:
    """Whether the error means that the disk fails (full, broken, held by another), and not that the statement is wrong."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in DISK


def unavailable(error: sqlite3.Error) -> Problem:
    """What callers are told of it; the name of the code, never a value."""
    return Problem("journal-unavailable", detail=getattr(error, "sqlite_errorname", ""))


def run(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    """Run steps to their end."""
    execute = connection.execute
    try:
        sql, parameters = next(steps)
        while True:
            sql, parameters = steps.send(execute(sql, parameters).fetchall())
    except StopIteration as stop:
        result: T = stop.value
        return result
