"""Connections, what they are set to, and which of their errors mean the disk."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from interop.errors import Problem
from interop.store.sql.statement import Steps, T

JOURNAL = "journal.sqlite"
RECORD = "record.sqlite"
PASSING = 2_048
"""KiB of the journal's pages that a reader keeps: it is gone through once from one end to the other, and a backlog fills whatever
it is given."""
ROOM = 1 << 20
"""Bytes that a disk must have room for which did not take a commit."""

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
    for setting in ("query_only = ON", "temp_store = MEMORY", f"main.cache_size = -{cache}", f"journal.cache_size = -{PASSING}"):
        connection.execute(f"PRAGMA {setting}")
    return connection


def is_disk(error: BaseException) -> bool:
    """Whether the error means that the disk fails (full, broken, held by another), and not that the statement is wrong."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in DISK


def unavailable(error: sqlite3.Error) -> Problem:
    """What callers are told of it; the name of the code, never a value."""
    return Problem("journal-unavailable", detail=getattr(error, "sqlite_errorname", ""))


def is_failure(error: BaseException) -> bool:
    """Whether the disk has failed, and not only been full."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_IOERR


def written_again(log: Path) -> None:
    """Write a write-ahead log over itself and sync it. What a failed sync left out the system takes for written, and no later sync
    brings it to disk: commits that did not wait for theirs would be a hole under those that do. Raises OSError."""
    file = os.open(log, os.O_RDWR | os.O_CLOEXEC)
    try:
        place = 0
        while piece := os.pread(file, 1 << 20, place):
            place += os.pwrite(file, piece, place)
        os.fsync(file)
    finally:
        os.close(file)


def has_room(scratch: Path) -> None:
    """Whether a disk that did not take a commit has room again for what comes, and not only for a page: a file of that size is
    written and taken away. Raises Problem ``journal-unavailable``."""
    try:
        file = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            if os.write(file, b" " * ROOM) != ROOM:
                raise OSError("not whole")
            os.fsync(file)
        finally:
            os.close(file)
            scratch.unlink()
    except OSError as error:
        raise Problem("journal-unavailable", detail=type(error).__name__) from None


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
