"""Replays across ``kill -9``: what was begun goes on or can be asked for again; nothing is lost and nothing is there twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import httpx
import pytest

from interop.apply.journalled import REPLAYED
from tests.spec.durability.load import push, settled, traffic
from tests.spec.durability.process import Served
from tests.spec.durability.state import journal, opened, prepare, record
from tests.spec.engine.retabling import NO_ALLERGIES, NO_GENDER, tables
from tests.spec.engine.taking import JSON

pytestmark = [pytest.mark.anyio, pytest.mark.long, pytest.mark.timeout(400)]
COUNT = 240
KILLS = 4
BATCH = 20


async def batch(http: httpx.AsyncClient, after: int, upto: int) -> int:
    """Replay a batch; after which the next begins, 0 after the last."""
    said = [
        {"name": "all", "valueBoolean": True},
        {"name": "count", "valuePositiveInt": BATCH},
        {"name": "after", "valueUnsignedInt": after},
        {"name": "upto", "valuePositiveInt": upto},
    ]
    answer = await http.post("/fhir/$replay", json={"resourceType": "Parameters", "parameter": said}, headers=JSON)
    assert answer.status_code == 200, answer.text
    return next((each["valueUnsignedInt"] for each in answer.json()["parameter"] if each["name"] == "next"), 0)


async def test_a_replay_that_is_killed_again_and_again_comes_to_what_the_new_tables_say(tmp_path: Path) -> None:
    random, bodies = Random(58), traffic(58, COUNT)
    data, fresh, other = (
        prepare(tmp_path / "data"),
        prepare(tmp_path / "fresh"),
        tables(tmp_path / "tables", NO_GENDER | NO_ALLERGIES),
    )
    for place, options in ((data, ()), (fresh, ("--mappings", str(other)))):
        acknowledged: set[str] = set()
        async with Served(place, *options) as served:
            await push(served.mllp, bodies.values(), acknowledged)
            await settled(served)
            served.terminate()
            assert await served.ended() == 0
        assert acknowledged == set(bodies)
    before, was = journal(data), record(data)
    upto = len(before.controls)
    for kill in range(KILLS):
        async with Served(data, "--mappings", str(other)) as served, served.client() as http:
            after = 0
            for _ in range(2 * kill + random.randrange(2)):
                after = await batch(http, after, upto)
            work = asyncio.create_task(batch(http, after, upto))
            await asyncio.wait({work}, timeout=random.random() * 0.3)
            served.kill()
            await served.ended()
            await asyncio.wait({work})
            assert work.exception() is None or isinstance(work.exception(), httpx.TransportError)
    async with Served(data, "--mappings", str(other)) as served, served.client() as http:
        await _through(http, upto)
        versions = _versions(data)
        await _through(http, upto)
        assert _versions(data) == versions
        served.terminate()
        assert await served.ended() == 0
    now, wanted = record(data), record(fresh)
    gone = {name for name, said in now.resources.items() if said is None} - wanted.resources.keys()
    assert was.resources != wanted.resources
    assert {name: said for name, said in now.resources.items() if name not in gone} == wanted.resources
    assert now.persons == wanted.persons
    after = journal(data)
    assert after.controls[:upto] == before.controls
    assert {control: after.states[control] for control in bodies} == {control: before.states[control] for control in bodies}
    with opened(data / "journal.sqlite") as connection:
        entries = connection.execute("SELECT message FROM entry WHERE adapter = ?", (REPLAYED,)).fetchall()
    assert len(entries) >= COUNT // BATCH // 2


async def _through(http: httpx.AsyncClient, upto: int) -> None:
    after = await batch(http, 0, upto)
    while after:
        after = await batch(http, after, upto)


def _versions(data: Path) -> list[tuple[str, str, int]]:
    with opened(data / "record.sqlite") as connection:
        return connection.execute("SELECT type, id, version FROM resource ORDER BY type, id").fetchall()
