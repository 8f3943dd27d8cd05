"""References by an address of this server mean what is here (FHIR R4 references, 2.3.0.1): they come back as they were written and
are found as those that are relative."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from interop.apply.indexed_store import IndexedStore
from interop.apply.reindexing import META, Reindexer
from interop.apply.writes import Writes
from interop.clock import ManualClock
from interop.record.indexing import Indexing
from interop.store.plan import Everything
from interop.store.sqlite import SqliteStore
from interop.store.values import Change
from tests.spec.api.conftest import BASE, Client, calling, serving

pytestmark = pytest.mark.anyio
OURS = f"{BASE}/fhir/Patient/p1"
SEARCHES = (
    "Observation?patient=p1",
    "Observation?patient=Patient/p1",
    "Observation?subject=Patient/p1",
    "Observation?subject:Patient=p1",
    f"Observation?subject={OURS}",
    "Observation?subject:Patient.gender=other",
    "Patient/p1/Observation",
)


def indexed(store: SqliteStore, clock: ManualClock) -> tuple[IndexedStore, Reindexer]:
    """The store as the engine writes it."""
    indexing = Indexing()
    reindexer = Reindexer(store, indexing, clock)
    return IndexedStore(store, indexing, reindexer), reindexer


@pytest.fixture
async def client(store: SqliteStore, clock: ManualClock) -> AsyncIterator[Client]:
    """An API whose store knows an Observation of Patient p1 by our address, and one by another server's."""
    engine: Any = indexed(store, clock)[0]
    intake, services = serving(engine, clock)
    async with calling(services) as client:
        assert (await client.put({"resourceType": "Patient", "id": "p1", "gender": "other"})).status_code == 201
        for id, subject in (("ours", OURS), ("theirs", "http://elsewhere.test/fhir/Patient/p1")):
            answer = await client.put(observation(id, subject))
            assert (answer.status_code, answer.json()["subject"]["reference"]) == (201, subject)
        yield client
    await intake.drain()


def observation(id: str, subject: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": subject},
    }


@pytest.mark.parametrize("search", SEARCHES)
async def test_they_are_found(client: Client, search: str) -> None:
    assert await client.ids(f"/fhir/{search}") == ["Observation/ours"]


async def test_they_are_followed_both_ways(client: Client) -> None:
    assert await client.ids("/fhir/Patient?_has:Observation:subject:status=final") == ["Patient/p1"]
    for address in ("Observation?_id=ours&_include=Observation:subject", "Patient?_id=p1&_revinclude=Observation:subject"):
        found = (await client.get(f"/fhir/{address}")).json()["entry"]
        assert {entry["resource"]["id"] for entry in found} == {"ours", "p1"}


async def test_in_a_transaction_too(client: Client) -> None:
    entry = {"request": {"method": "PUT", "url": "Observation/more"}, "resource": observation("more", OURS)}
    await client.send("POST", "/fhir", orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [entry]}))
    assert await client.ids("/fhir/Observation?patient=p1") == ["Observation/more", "Observation/ours"]


async def test_after_a_rebuild_and_when_all_is_indexed_anew(
    client: Client, store: SqliteStore, clock: ManualClock, tmp_path: Path
) -> None:
    for again in (False, True):
        other = SqliteStore.open(tmp_path / "other", clock=clock)
        engine, reindexer = indexed(other, clock)
        if again:
            await other.commit(Change(meta=[(META, "{}")]))
            await reindexer.start()
            assert reindexer.written == 3
            await reindexer.stop()
        else:
            writes = Writes(engine, clock)
            async for entry in store.stream(Everything()):
                await engine.commit(await writes.replay(entry))
        async with calling(serving(other, clock)[1]) as rebuilt:
            assert await rebuilt.ids("/fhir/Observation?patient=p1") == ["Observation/ours"]
        await other.close()
