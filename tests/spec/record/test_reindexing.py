"""The index follows what is defined: a new parameter finds old resources, an upgrade indexes what an older version left out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from interop.apply.indexed_store import IndexedStore
from interop.apply.reindexing import META, PORTION, Reindexer
from interop.clock import ManualClock
from interop.errors import Problem
from interop.fhir.searching import index_rows
from interop.record.indexing import Indexing
from interop.store.decision import PERMIT_ALL
from interop.store.plan import History, Meta, Search
from interop.store.postgres import PostgresStore
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed, Conflict, Put, Stored
from interop.store.where import Token
from tests.spec.record.test_own_parameters import definition

pytestmark = pytest.mark.anyio


class Kept:
    """A store that is written as the engine writes it."""

    def __init__(self, store: Any, clock: ManualClock) -> None:
        self.indexing = Indexing()
        self.reindexer = Reindexer(store, self.indexing, clock, patience=60.0)
        self.plain, self.store = store, IndexedStore(store, self.indexing, self.reindexer)

    async def put(self, *resources: dict[str, Any], version: int = 1, indexed: bool = True) -> None:
        """``indexed`` False leaves the rows out, as an older version did."""
        puts = []
        for each in resources:
            stored = Stored(each["resourceType"], each["id"], version, 0, orjson.dumps(each), not each.get("active", True))
            puts.append(Put(stored, index_rows(each) if indexed and not stored.deleted else []))
        await self.store.commit(Change(puts=puts))

    async def found(self, code: str, value: str, kind: str = "Patient") -> list[str]:
        rows = await self.plain.query(Search(PERMIT_ALL, kind, Token(code, value), count=1000))
        return [each.id for each in rows]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """An empty directory, or the URL of an empty database."""
    return tmp_path / "data" if request.param == "sqlite" else str(request.getfixturevalue("database"))


@asynccontextmanager
async def kept(place: Path | str) -> AsyncIterator[Kept]:
    clock = ManualClock()
    store: Any = await PostgresStore.open(place, clock=clock) if isinstance(place, str) else SqliteStore.open(place, clock=clock)
    made = Kept(store, clock)
    await made.reindexer.start()
    try:
        yield made
    finally:
        await made.reindexer.stop()
        await store.close()


def patient(id_: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "gender": "female", "maritalStatus": {"coding": [{"code": "M"}]}, **more}


async def test_a_new_parameter_finds_what_there_was_and_what_comes(place: Path | str) -> None:
    async with kept(place) as record:
        before = [f"p{number:03}" for number in range(2 * PORTION + 1)]
        await record.put(*map(patient, before))
        await record.put({**definition(), "id": "d"})
        assert not record.indexing.waiting("Patient")
        assert await record.found("marital", "M") == before
        await record.put(patient("q"))
        assert await record.found("marital", "M") == [*before, "q"]
        assert len(await record.plain.query(History(PERMIT_ALL, "Patient", "p000"))) == 1


async def test_it_ends_with_its_definition(place: Path | str) -> None:
    async with kept(place) as record:
        await record.put({**definition(), "id": "d"}, patient("p"))
        await record.put({**definition(status="retired"), "id": "d"}, version=2)
        assert await record.found("marital", "M") == []
        await record.put({**definition(), "id": "d"}, version=3)
        assert await record.found("marital", "M") == ["p"]
        await record.put({**definition(active=False), "id": "d"}, version=4)
        assert await record.found("marital", "M") == []


async def test_it_outlives_the_engine(place: Path | str) -> None:
    async with kept(place) as record:
        await record.put({**definition(), "id": "d"}, patient("p"))
    async with kept(place) as record:
        assert "marital" in record.indexing.parameters("Patient")
        assert record.reindexer.written == 0


async def test_a_type_that_was_begun_is_done_again_though_the_definition_is_as_before(
    place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ends(portion: list[Stored]) -> None:
        raise OSError

    async with kept(place) as record:
        await record.put({**definition(), "id": "d"}, patient("p"))
        monkeypatch.setattr(record.reindexer, "_write", ends)
        await record.put({**definition(), "id": "d", "status": "retired"}, version=2)
        await record.put({**definition(), "id": "d"}, version=3)
    async with kept(place) as record:
        assert record.reindexer.written == 1
        assert await record.found("marital", "M") == ["p"]


async def test_it_is_tried_again_while_the_disk_fails(place: Path | str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interop.apply.reindexing.AGAIN", 0.0)
    async with kept(place) as record:
        await record.put(patient("p"))
        commit, failed = record.plain.commit, list[Change]()

        async def fails(change: Change) -> Committed | Conflict:
            if change.reindexed and len(failed) < 2:
                failed.append(change)
                raise Problem("journal-unavailable")
            result: Committed | Conflict = await commit(change)
            return result

        monkeypatch.setattr(record.plain, "commit", fails)
        await record.put({**definition(), "id": "d"})
        async with asyncio.timeout(10):
            while record.indexing.waiting("Patient"):
                await asyncio.sleep(0.01)
        assert len(failed) == 2
        assert await record.found("marital", "M") == ["p"]


async def test_what_an_older_version_left_out_is_indexed_at_the_start(place: Path | str) -> None:
    async with kept(place) as record:
        await record.put(patient("p"), indexed=False)
        await record.put({"resourceType": "Group", "id": "g", "type": "person"}, indexed=False)
        digests = orjson.loads((await record.plain.query(Meta(META)))[0])
        del digests["Patient"]
        await record.plain.commit(Change(meta=[(META, orjson.dumps(digests).decode())]))
    async with kept(place) as record:
        assert record.reindexer.written == 1
        assert await record.found("gender", "female") == ["p"]
        assert await record.found("type", "person", "Group") == []


async def test_a_definition_that_adds_nothing_costs_nothing(place: Path | str) -> None:
    async with kept(place) as record:
        await record.put(patient("p"))
        await record.put({**definition(code="gender"), "id": "d"})
        assert record.reindexer.written == 0
