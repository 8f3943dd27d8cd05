"""The record that the journal alone makes."""

from __future__ import annotations

from pathlib import Path

from interop.api.services import Services
from interop.apply.writes import Writes
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Everything, Read
from interop.store.sqlite import SqliteStore


async def rebuilt(store: SqliteStore, services: Services, folder: Path) -> dict[str, bytes]:
    """What is there by ``Type/id``, made in a new store in ``folder``."""
    other = SqliteStore.open(folder / "again", clock=services.clock)
    try:
        writes, keys = Writes(other, services.clock), dict[tuple[str, str], None]()
        async for entry in store.stream(Everything()):
            change = await writes.replay(entry)
            keys.update(dict.fromkeys(change.expect))
            await other.commit(change)
        found = [one for key in keys for one in await other.query(Read(PERMIT_ALL, *key)) if not one.deleted]
        return {f"{one.type}/{one.id}": one.body for one in found}
    finally:
        await other.close()
