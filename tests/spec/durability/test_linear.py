"""Reads see what was acknowledged: all answers could have come one after another, also where processes are killed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import pytest

from conformance.linear.clients import Clients, judged
from conformance.linear.history import Op
from conformance.topology.process import free_ports
from tests.spec.durability.process import Served
from tests.spec.engine.running import running

pytestmark = pytest.mark.anyio
FEED = "hl7v2"
CLIENTS = 12


def faults(clients: Clients) -> list[str]:
    """What no order explains, as text."""
    return [f"{name}: {ops[-1]}" for name, ops in clients.judged().items()]


async def test_what_is_acknowledged_is_read_by_id_and_by_search_at_once(tmp_path: Path) -> None:
    """Unconditional writes, writes of a version, creates under a condition, and messages whose senders wait for the record."""
    async with running(tmp_path / "data") as engine:
        clients = Clients([f"http://127.0.0.1:{engine.http}"], 1, "a", feed=FEED, most=250)
        await clients.work(CLIENTS, asyncio.Event())
    assert faults(clients) == []
    assert {op.kind for op in clients.history} == {"write", "swap", "read", "search", "create", "tell"}
    await _told_of_a_stale_answer(clients)


async def _told_of_a_stale_answer(clients: Clients) -> None:
    """The same history with one answer as it was before is not linearizable: a check that cannot fail is none."""
    reads = [place for place, op in enumerate(clients.history) if op.kind == "read" and op.result[0] > 1]
    changed = list(clients.history)
    last = changed[reads[-1]]
    changed[reads[-1]] = last._replace(result=(last.result[0] - 1, last.result[1]))
    assert [*judged(changed)] == [last.register]


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(3))
async def test_though_the_engine_is_killed_again_and_again(tmp_path: Path, seed: int) -> None:
    """What was on its way when it was killed happened, or never did; nobody sees it come and go."""
    random, (port,), count = Random(seed), free_ports(1), 0
    history: list[Op] = []
    for _ in range(3):
        async with Served(tmp_path / "data", "--http", f"127.0.0.1:{port}", mappers=0) as served:
            clients = Clients([f"http://127.0.0.1:{port}"], seed, "k", feed=FEED)
            clients.history, clients.count = history, count
            await worked(clients, served, random.randrange(100, 300))
            count = clients.count + 1_000
            await served.ended()
    assert faults(clients) == []


async def worked(clients: Clients, served: Served, operations: int) -> None:
    """Let clients work until so many operations more are done; then the process is killed while they go on."""
    stop = asyncio.Event()
    until = len(clients.history) + operations

    async def kill() -> None:
        while len(clients.history) < until:
            await asyncio.sleep(0.005)
        served.kill()
        stop.set()

    await asyncio.gather(clients.work(CLIENTS, stop), kill())


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2))
async def test_through_two_processes_on_one_database_one_of_which_is_killed(database: str, tmp_path: Path, seed: int) -> None:
    """Whichever of them is asked: the other's acknowledged writes are seen."""
    place = ("--database", database)
    async with AsyncExitStack() as stack:

        async def begun(roles: str, name: str, port: int = 0) -> Served:
            options = (*place, "--roles", roles, "--name", name, "--http", f"127.0.0.1:{port}")
            return await stack.enter_async_context(Served(tmp_path / "data", *options, mappers=0))

        await begun("worker", "worker")
        (port,) = free_ports(1)  # which nobody is given while it is away
        one, two = await begun("ingest,api", "one"), await begun("ingest,api", "two", port)
        clients = Clients([f"http://127.0.0.1:{each.http}" for each in (one, two)], seed, "p", feed=FEED)
        stop = asyncio.Event()

        async def kill() -> None:
            for number in range(1, 3):
                while len(clients.history) < 500 * number:
                    await asyncio.sleep(0.005)
                if number == 1:
                    two.kill()
                    await two.ended()
                    await begun("ingest,api", "two", port)
            stop.set()

        await asyncio.gather(clients.work(CLIENTS, stop), kill())
    assert faults(clients) == []
