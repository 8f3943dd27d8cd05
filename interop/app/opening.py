"""Opens the store that the settings name: files in the data directory, or a database."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

from interop.app.addresses import database_address
from interop.app.belonging import check, claim
from interop.clock import Clock
from interop.store.directory import make_directory
from interop.store.sql.store import SqlStore
from interop.store.sqlite import SqliteStore

REACH: Final = "see that it runs and that the role may sign on."
"""What is to be done where a database cannot be had."""


async def open_store(data: Path, database: str | None, *, clock: Clock | None = None, read_only: bool = False) -> SqlStore:
    """The store in ``data``, or at ``postgresql://…`` with the key of ids in ``data``.

    Raises Belongs where a start would keep messages elsewhere than the directory's are, BlockingIOError where another process
    writes to it, OSError where there is none to read or a newer version made it, ValueError where ``database`` cannot be an
    address, Problem('journal-unavailable') where it cannot be had.
    """
    if not read_only:
        check(data, database)
    if database is None:
        return SqliteStore.open(data, clock=clock, read_only=read_only)
    address = database_address(database)
    try:
        from interop.store.postgres import PostgresStore
    except ModuleNotFoundError as missing:
        raise ValueError(f"a database needs the package {missing.name}: pip install 'interop[postgresql]'") from None
    if not read_only:
        make_directory(data)
    store = await PostgresStore.open(address, clock=clock, read_only=read_only)
    if not read_only:
        try:
            claim(data, named(data, database))
        except BaseException:
            await store.close()
            raise
    return store


def named(data: Path, database: str | None) -> str:
    """What people are told of where the store is, with the host and port that an address has behind its ``?``; never who signs on,
    nor with what."""
    if database is None:
        return str(data)
    where, _, options = database.partition("://")[2].partition("?")
    place = "&".join(f"{name}={value}" for name, value in parse_qsl(options) if name in ("host", "port"))
    return "postgresql://" + where.rpartition("@")[2] + (f"?{place}" if place else "")
