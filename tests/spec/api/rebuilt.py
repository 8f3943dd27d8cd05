"""The record that the journal alone makes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from interop.api.services import Services
from interop.apply.drafts import FEED
from interop.apply.writes import Writes
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Everything, History, Read
from interop.store.sqlite import SqliteStore


async def rebuilt(store: SqliteStore, services: Services, folder: Path) -> dict[str, bytes]:
    """What is there by ``Type/id``, made in a new store in ``folder``."""
    async with _again(store, services, folder) as (other, keys):
        found = [one for key in keys for one in await other.query(Read(PERMIT_ALL, *key)) if not one.deleted]
        return {f"{one.type}/{one.id}": one.body for one in found}


async def told_again(store: SqliteStore, services: Services, folder: Path, key: tuple[str, str]) -> list[str]:
    """What its history tells of each version of a resource of the API's, newest first; the same is made in ``folder``."""
    async with _again(store, services, folder) as (other, _):
        return [one.told for one in await other.query(History(PERMIT_ALL, *key))]


@asynccontextmanager
async def _again(store: SqliteStore, services: Services, folder: Path) -> AsyncIterator[tuple[SqliteStore, list[tuple[str, str]]]]:
    """The record that the API's part of the journal makes, and which resources it wrote."""
    other = SqliteStore.open(folder / "again", clock=services.clock)
    try:
        writes, keys = Writes(other, services.clock), dict[tuple[str, str], None]()
        async for entry in store.stream(Everything()):
            if entry.feed == FEED:
                change = await writes.replay(entry)
                keys.update(dict.fromkeys(change.expect))
                await other.commit(change)
        yield other, list(keys)
    finally:
        await other.close()
