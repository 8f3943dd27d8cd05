"""A takedown while something goes away: it is done once, and whoever has no answer asks again."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import httpx
import pytest

from interop.app.engine import Engine
from tests.failures import failing
from tests.postgres import Server
from tests.spec.engine.running import client, found, running
from tests.spec.engine.taking import JSON, ask, sent, taken
from tests.spec.engine.test_mappers import mappers, warmed
from tests.spec.engine.test_takedown import VISIT, WRONG, message, status
from tests.spec.scale.side_by_side import processes

pytestmark = pytest.mark.anyio


async def wrong(http: httpx.AsyncClient) -> int:
    """What is right, and a message about the wrong person: its number."""
    await sent(http, message(1, VISIT))
    return await sent(http, message(2, *WRONG, name="OTHER^BOB"))


async def until_asked(engine: Engine) -> None:
    """Until a takedown is journalled and waits for its turn."""
    async with asyncio.timeout(20):
        while not engine.workshop.takedowns.awaited():
            await asyncio.sleep(0)


@pytest.mark.long
@failing("mapper", "takedown", seen="the answer takes longer", recovered="another mapper tells again what is left")
async def test_a_mapper_that_is_killed_while_it_tells_again_holds_it_up(tmp_path: Path) -> None:
    async with running(tmp_path / "data", mappers=1) as engine, client(engine) as http:
        number = await wrong(http)
        await warmed(engine.workshop.mappers, 1)
        (pid,) = mappers(engine)
        os.kill(pid, signal.SIGSTOP)
        asking = asyncio.create_task(ask(http, number))
        async with asyncio.timeout(20):
            while not engine.workshop.mappers.busy:
                await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        assert (await asking).status_code == 200
        assert await found(http, "Condition") == []
        assert "interop_mapper_deaths 1.0" in (await http.get("/metrics")).text


@failing("sender", "takedown", seen="nothing", recovered="it is done without whoever asked, and told when it is asked for again")
async def test_whoever_asked_goes_away_and_it_is_done(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        number = await wrong(http)
        await engine.workshop.dispatcher.stop()
        async with client(engine) as officer:
            asking = asyncio.create_task(ask(officer, number))
            await until_asked(engine)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        await engine.workshop.dispatcher.start()
        async with asyncio.timeout(20):
            while (await status(http, number)).get("reason") != "taken-down":
                await asyncio.sleep(0)
        assert await found(http, "Condition") == []
        assert (await taken(http, number)).takedown == number + 1


@failing(
    "PostgreSQL",
    "takedown",
    seen="no answer yet, or `journal-unavailable` (503)",
    recovered="what is journalled is done when the server is back; else it is asked for again",
)
async def test_the_database_ends_between_its_being_journalled_and_done(postgres: Server, database: str, tmp_path: Path) -> None:
    async with processes(tmp_path / "data", database, "ingest,api", "worker") as (asked, worker), client(asked) as http:
        number = await wrong(http)
        await worker.workshop.dispatcher.stop()
        asking = asyncio.create_task(ask(http, number))
        await until_asked(asked)
        postgres.stop(signal.SIGQUIT)
        try:
            assert (await ask(http, number)).status_code == 503
        finally:
            postgres.start()
        await worker.workshop.dispatcher.start()
        assert (await asking).status_code in (200, 503)
        assert (await taken(http, number)).takedown == number + 1
        assert await found(http, "Condition") == []
        own = {"resourceType": "Basic", "id": "after", "code": {"text": "well"}}
        assert (await http.put("/fhir/Basic/after", json=own, headers=JSON)).status_code == 201
