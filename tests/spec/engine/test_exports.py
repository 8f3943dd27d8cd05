"""Bulk exports of a whole engine: the command, a process that is killed, and a record that is larger than memory may be."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.app.engine import Engine as Running
from interop.apply.reindexing import META
from interop.cli.export import Asked, export
from interop.cli.options import Engine
from interop.record.indexing import Indexing
from interop.store.seam import Store
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Put, Stored
from tests.spec.durability.process import Served
from tests.spec.engine.retabling import NO_GENDER, forget, tables, use
from tests.spec.engine.running import client, running
from tests.spec.engine.taking import sent, taken
from tests.spec.engine.test_replay import replayed
from tests.spec.engine.test_retention import agree, asked
from tests.spec.engine.test_retention import engine as retaining
from tests.spec.engine.test_retention import sent as of_source
from tests.spec.engine.test_takedown import VISIT, message
from tests.spec.store.build import T0, reference

pytestmark = pytest.mark.anyio
ASYNC = {"prefer": "respond-async"}
NOTE = "x" * 1_200


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def filled(data: Path, count: int, people: int = 500) -> None:
    """A record of so many Observations."""
    store = SqliteStore.open(data)
    await fill(store, count, people)
    await store.close()


async def fill(store: Store, count: int, people: int = 500) -> None:
    """Put so many Observations into a record."""
    for start in range(0, count, 2_000):
        puts = []
        for number in range(start, min(count, start + 2_000)):
            id_, of = sha256(b"%d" % number).hexdigest()[:32], f"Patient/p{number % people}"
            body = {
                "resourceType": "Observation",
                "id": id_,
                "status": "final",
                "subject": {"reference": of},
                "note": [{"text": NOTE}],
            }
            row = [reference("patient", of), reference("subject", of)]
            puts.append(Put(Stored("Observation", id_, 1, T0, json.dumps(body, separators=(",", ":")).encode()), row))
        await store.commit(Change(puts=puts))
    indexed = {"Observation": Indexing().digest("Observation")}  # else the start would index them all again
    await store.commit(Change(meta=[(META, json.dumps(indexed))]))


async def waited(client: httpx.AsyncClient, place: str) -> dict[str, Any]:
    """The manifest, once there is one."""
    while True:
        answer = await client.get(place)
        if answer.status_code != 202:
            assert answer.status_code == 200, answer.text
            manifest: dict[str, Any] = answer.json()
            return manifest
        await asyncio.sleep(0.05)


async def test_the_command_fetches_what_it_began(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, into = tmp_path / "data", tmp_path / "into"
    await filled(data, 40, people=4)
    async with running(data) as engine:
        at = Engine(f"http://127.0.0.1:{engine.http}", "", data)
        capsys.readouterr()  # what an engine logs at its start is no line of the command

        async def run(asked: Asked, into: Path, **more: Any) -> int:
            said = {"keep": False, "as_json": True, "wait": lambda seconds: None, **more}
            return await asyncio.to_thread(lambda: export(at, asked, into, **said))

        assert await run(Asked(types=("Observation", "Patient")), into) == 0
        lines = (into / "Observation.ndjson").read_bytes().splitlines()
        assert len({json.loads(line)["id"] for line in lines}) == 40
        assert (into / "Observation.ndjson").stat().st_mode & 0o077 == 0
        manifest = json.loads((into / "manifest.json").read_text())
        first, total = map(json.loads, capsys.readouterr().out.splitlines())
        assert first == {"kind": "output", "type": "Observation", "file": "Observation.ndjson", "count": 40}
        assert total == {"transactionTime": manifest["transactionTime"], "resources": 40, "directory": str(into)}
        assert list((data / "exports").iterdir()) == []

        assert await run(Asked(), into) == 2
        assert "not empty" in capsys.readouterr().err
        assert await run(Asked(group="none"), tmp_path / "none") == 1
        assert "404" in capsys.readouterr().err
        assert await run(Asked(people=True, since=manifest["transactionTime"]), tmp_path / "later", keep=True, as_json=False) == 0
        assert "--since" in capsys.readouterr().out
        assert len(list((data / "exports").iterdir())) == 1


async def test_an_engine_that_is_not_there_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = Engine("http://127.0.0.1:9", "", tmp_path)
    assert export(at, Asked(), tmp_path / "into", keep=False, as_json=False) == 1
    assert "interop serve" in capsys.readouterr().err


@pytest.mark.long
async def test_a_process_that_is_killed_goes_on_with_it_and_has_what_was_done(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await filled(data, 60_000)
    async with Served(data, mappers=0) as engine, engine.client() as client:
        done = (await client.get("/fhir/Patient/$export?_typeFilter=Observation%3Fpatient%3DPatient/p1", headers=ASYNC)).headers
        small = await waited(client, httpx.URL(done["content-location"]).path)
        file = httpx.URL(small["output"][0]["url"]).path
        body = (await client.get(file)).content
        place = httpx.URL((await client.get("/fhir/$export", headers=ASYNC)).headers["content-location"]).path
        while not list(data.glob(f"exports/{place.rpartition('/')[2]}/*.ndjson")):
            await asyncio.sleep(0)
        engine.kill()
    assert json.loads((data / "exports" / place.rpartition("/")[2] / "job.json").read_text())["state"] == "running"
    async with Served(data, mappers=0) as engine, engine.client() as client:
        assert (await client.get(file)).content == body
        whole = await waited(client, place)
        assert [each["count"] for each in whole["output"] if each["type"] == "Observation"] == [60_000]
        lines = (await client.get(httpx.URL(whole["output"][0]["url"]).path)).content.splitlines()
        assert len({line[:80] for line in lines}) == 60_000


@pytest.mark.long
async def test_memory_stays_flat(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await filled(data, 120_000)
    async with Served(data, mappers=0) as engine, engine.client() as client:
        assert (await client.get("/fhir/Observation?patient=Patient/p1&_count=5")).status_code == 200
        before = _memory(engine.pid, "VmRSS")
        place = httpx.URL((await client.get("/fhir/$export", headers=ASYNC)).headers["content-location"]).path
        manifest = await waited(client, place)
        assert manifest["output"][0]["count"] == 120_000
        size = 0
        async with client.stream("GET", httpx.URL(manifest["output"][0]["url"]).path) as answer:
            async for chunk in answer.aiter_bytes():
                size += len(chunk)
        grown = _memory(engine.pid, "VmHWM") - before
        assert size > 150_000_000
        assert grown < 64_000_000, f"{grown >> 20} MiB more for {size >> 20} MiB"


def _memory(process: int, what: str) -> int:
    """Bytes, as the system says."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


@contextmanager
def gapless(one: Running, kind: str) -> Iterator[None]:
    """What is committed of a kind within bears no time up to which an export that begins just before has the record complete."""
    shop = one.workshop
    commit, changed = shop.indexed.commit, list[tuple[str, int]]()

    async def noted(change: Change) -> Any:
        complete = shop.writes.underway.complete(shop.clock.now())
        changed.extend((put.stored.type, put.stored.updated - complete) for put in change.puts)
        return await commit(change)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shop.indexed, "commit", noted)
        yield
    assert kind in {type_ for type_, _ in changed}
    assert min(since for _, since in changed) > 0, changed


@pytest.mark.long
async def test_what_a_takedown_takes_is_told_to_the_export_that_begins_meanwhile_or_the_next(tmp_path: Path) -> None:
    async with running(tmp_path) as one, client(one) as http:
        number = await sent(http, message(2, VISIT))
        with gapless(one, "Encounter"):
            await taken(http, number)


@pytest.mark.long
async def test_what_a_replay_changes_is_told_to_the_export_that_begins_meanwhile_or_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path / "data") as one, client(one) as http:
        await sent(http, message(1, VISIT, name="TEST^ANN|||2"))
    use(monkeypatch, tables(tmp_path / "tables", NO_GENDER))
    try:
        async with running(tmp_path / "data") as one, client(one) as http:
            with gapless(one, "Patient"):
                await replayed(http)
    finally:
        forget()


@pytest.mark.long
async def test_what_a_purge_takes_is_told_to_the_export_that_begins_meanwhile_or_the_next(tmp_path: Path) -> None:
    async with retaining(tmp_path, 100) as (_, http, _):
        await agree(http, "RX1", "active")
        await of_source(http, "one", ["A"])
        await agree(http, "RX1", "withdrawn")
    async with retaining(tmp_path, purge_after=1) as (one, _, _):
        with gapless(one, "Patient"):
            assert (await asked(one, "run"))[0] == 0
