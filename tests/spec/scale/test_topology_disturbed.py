"""Processes of a topology that start, and takedowns that wait, while something else of it is killed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import httpx
import pytest

from conformance.topology.running import ROLES, Topology
from tests.failures import failing
from tests.spec.durability.process import PATIENCE
from tests.spec.engine.running import found
from tests.spec.engine.taking import ask, sent, taken
from tests.spec.engine.test_takedown import WRONG, message
from tests.spec.scale.sending import Load
from tests.spec.scale.test_topology import disturbed, more
from tests.spec.scale.test_topology import place as place

pytestmark = [pytest.mark.anyio, pytest.mark.long, pytest.mark.timeout(900)]
BEGUN = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'interop' AND backend_start > $1"
"""Whether somebody has connected since; how many there are tells nothing while those of the one before are still going."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def killed_while_it_starts(there: Topology, name: str) -> None:
    """Start a process and kill it when it has the database open."""
    connection = await asyncpg.connect(there.database)
    try:
        async with asyncio.timeout(PATIENCE):
            await there.kill(name)
            since = await connection.fetchval("SELECT clock_timestamp()")
            await there.processes[name].begin()
            while not await connection.fetchval(BEGUN, since):
                await asyncio.sleep(0.01)
            await there.kill(name)
    finally:
        await connection.close()


@failing("worker", "starting", seen="nothing; the other goes on", recovered="the next start, under the same name")
@failing("ingest", "starting", seen="nothing; senders are with the other", recovered="the next start, under the same name")
@failing("API process", "starting", seen="nothing; clients are with the other", recovered="the next start, under the same name")
async def test_one_of_each_role_is_killed_while_it_starts(place: Path) -> None:
    async def done(there: Topology, load: Load) -> None:
        for role in ROLES:
            name = there.names(role)[0]
            await killed_while_it_starts(there, name)
            await there.start(name)
            await more(load)

    await disturbed(place, 17, done)


@failing("Redis", "starting", seen="nothing; processes look for themselves", recovered="they connect when it is there again")
@failing("proxy", "starting", seen="connections end, and none is taken", recovered="it finds who is ready when it runs again")
async def test_processes_start_while_redis_and_the_proxy_are_gone(place: Path) -> None:
    async def done(there: Topology, load: Load) -> None:
        for gone in ("redis", "front"):
            await there.kill(gone)
            for role in ROLES:
                name = there.names(role)[0]
                await there.kill(name)
                await there.start(name)
            if gone == "redis":
                await more(load)
            await there.start(gone)
            await more(load)

    await disturbed(place, 18, done)


@asynccontextmanager
async def held(there: Topology) -> AsyncIterator[None]:
    """The worker does nothing until the block ends."""
    worker = there.processes["worker-1"]
    worker.send(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.send(signal.SIGCONT)


async def answered(asked: Callable[[], Awaitable[httpx.Response]]) -> None:
    """Ask until it is done."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(httpx.TransportError):
                if (await asked()).status_code == 200:
                    return
            await asyncio.sleep(0.05)


@failing("API process", "takedown", seen="the connection ends", recovered="it is done; who asks again is told what it came to")
@failing("proxy", "takedown", seen="the connection ends", recovered="it is done; who asks again is told what it came to")
@failing("Redis", "takedown", seen="the answer comes a little later", recovered="processes look for themselves")
async def test_a_takedown_is_done_once_whatever_ends_while_it_waits(place: Path) -> None:
    async with Topology(place, "--open", "--test-numbers", each=1, mappers=0, durable=False) as there:
        connection = await asyncpg.connect(there.database)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{there.http}", timeout=PATIENCE, trust_env=False) as http:
            for day, gone in enumerate(("api-1", "front", "redis"), 2):
                number = await sent(http, message(day, *WRONG, name="OTHER^BOB"))
                assert len(await found(http, "Condition")) == 1
                async with held(there):
                    asking = asyncio.create_task(ask(http, number))
                    async with asyncio.timeout(PATIENCE):
                        while await connection.fetchval("SELECT max(message) FROM journal.entry") == number:
                            await asyncio.sleep(0.01)
                    await there.kill(gone)
                    if gone != "redis":
                        with suppress(httpx.TransportError):
                            assert (await asking).status_code in (502, 503)
                        await there.start(gone)
                await answered(lambda number=number: ask(http, number))  # type: ignore[misc]
                if gone == "redis":
                    assert (await asking).status_code == 200
                assert (await taken(http, number)).takedown == number + 1
                assert await found(http, "Condition") == []
        await connection.close()
