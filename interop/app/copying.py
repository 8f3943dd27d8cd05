"""Copies a journal from one store to another, of the same kind or not, number for number."""

from __future__ import annotations

from pathlib import Path

from interop.store.sqlite import copy as files


async def has_journal(data: Path, database: str | None) -> bool:
    """Whether there is a journal. Raises as opening does where a database cannot be asked."""
    if database is None:
        return files.has_journal(data)
    from interop.store.postgres import copy

    return await copy.has_journal(database)


async def copy_journal(source: tuple[Path, str | None], target: tuple[Path, str | None]) -> None:
    """Copy the journal of one store to another that has none, consistent though the one is in use. Each is the data directory
    and the database, None where the directory holds all."""
    (data, database), (into, into_database) = source, target
    if database is None and into_database is None:
        files.copy_journal(data, into)
        return
    from interop.store.postgres import copy

    portions = files.read_journal(data) if database is None else copy.read_journal(database)
    if into_database is None:
        await files.write_journal(into, portions)
    else:
        await copy.write_journal(into_database, portions)
