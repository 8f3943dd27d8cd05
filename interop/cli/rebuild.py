"""``interop rebuild``: the record made again from the journal, beside the one that is."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

from interop.cli.progress import progress
from interop.cli.serve import prepare, settings_of, started
from interop.cli.shown import one, wrong


def rebuild(
    data: Path,
    into: Path,
    *,
    database: str | None = None,
    into_database: str | None = None,
    mappers: int | None,
    feeds: Path | None,
    test_numbers: bool,
    without_purged: bool = False,
    as_json: bool,
) -> int:
    """Copy the journal and the id key to ``into``, or ``into_database``, and work the journal off there; 1 where that cannot be."""
    if into.exists() and any(into.iterdir()):
        return wrong(f"{into} is not empty: name a new directory with --into.", 1)
    settings = settings_of(alone=True, data=into, database=into_database, mappers=mappers, feeds=feeds, test_numbers=test_numbers)
    if settings is None:
        return 2
    prepare()
    return started(_rebuilt((data, database), settings, as_json, without_purged=without_purged), settings)


async def _rebuilt(source: tuple[Path, str | None], settings: Any, as_json: bool, *, without_purged: bool) -> int:
    from interop.app.copying import copy_journal, has_journal
    from interop.app.opening import named

    data, database = source
    if not (data / "id.key").is_file() or not await has_journal(data, database):
        own = "directory with --data" if database is None else "directory with --data and its database with --database"
        return wrong(f"There is no journal in {named(data, database)}: name the engine's {own}.", 1)
    if settings.database is not None and await has_journal(settings.data, settings.database):
        return wrong(f"{named(settings.data, settings.database)} is not empty: name a new one with --into-database.", 1)
    gone = await _purged(data, database)
    if gone and not without_purged:
        return wrong(
            f"{gone:,} messages have no content any more: what only they said cannot be made again, and the record that is "
            "there has it. Add --without-purged to do without.",
            1,
        )
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy(data / "id.key", settings.data / "id.key")
    await copy_journal(source, (settings.data, settings.database))
    return await _work_off(settings, source, as_json)


async def _purged(data: Path, database: str | None) -> int:
    """How many messages are there without their content."""
    from interop.app.opening import open_store
    from interop.store.plan import Emptied

    try:
        store = await open_store(data, database, read_only=True)
    except OSError:  # the journal alone is there
        return 0
    try:
        count: int = (await store.query(Emptied()))[0]
        return count
    finally:
        await store.close()


async def _carried(source: tuple[Path, str | None], settings: Any) -> int:
    """Take what waits for destinations, what was sent and their pauses along, before anything else; how many deliveries."""
    from interop.app.opening import open_store
    from interop.apply.generation import carry, generation

    into = await open_store(settings.data, settings.database)
    try:
        made = await generation(into)
        try:
            record = await open_store(*source, read_only=True)
        except OSError:  # the journal alone is there
            return 0
        try:
            return await carry(record, into, made.before)
        finally:
            await record.close()
    finally:
        await into.close()


async def _work_off(settings: Any, source: tuple[Path, str | None], as_json: bool) -> int:
    from interop.app.feeds import feeds_of
    from interop.app.opening import named
    from interop.app.workshop import working
    from interop.mapping.library import adapters

    carried = await _carried(source, settings)
    async with working(settings, feeds_of(settings, list(adapters()))) as workshop:
        with progress("rebuilding", workshop.unfinished) as told:
            while workshop.unfinished or not await workshop.worked_off():
                told.at(workshop.finished)
                await asyncio.sleep(0.05)
        said = {"messages": workshop.finished, "record": named(settings.data, settings.database), "deliveries": carried}
    one(said, f"{said['messages']} messages applied again; the record is in {said['record']}", as_json=as_json)
    return 0
