"""Opens the store that the settings name: files in the data directory, or a database."""

from __future__ import annotations

from pathlib import Path

from interop.app.settings import database_address
from interop.clock import Clock
from interop.store.sql.store import SqlStore
from interop.store.sqlite import SqliteStore


async def open_store(data: Path, database: str | None, *, clock: Clock | None = None, read_only: bool = False) -> SqlStore:
    """The store in ``data``, or at ``postgresql://…`` with the key of ids in ``data``.

    Raises BlockingIOError where another process writes to it, OSError where there is none to read or a newer version made it,
    ValueError where ``database`` cannot be an address, Problem('journal-unavailable') where it cannot be had.
    """
    if database is None:
        return SqliteStore.open(data, clock=clock, read_only=read_only)
    address = database_address(database)
    try:
        from interop.store.postgres import PostgresStore
    except ModuleNotFoundError as missing:
        raise ValueError(f"a database needs the package {missing.name}: pip install 'interop[postgresql]'") from None
    if not read_only:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return await PostgresStore.open(address, clock=clock, read_only=read_only)


def named(data: Path, database: str | None) -> str:
    """What people are told of where the store is; never who signs on, nor with what."""
    if database is None:
        return str(data)
    return "postgresql://" + database.partition("://")[2].partition("?")[0].rpartition("@")[2]
