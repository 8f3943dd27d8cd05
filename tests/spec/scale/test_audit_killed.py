"""Processes that share an audit are killed one after another: the others go on, and every answer has its row."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from interop.audit.key import AuditKey
from interop.audit.verify import verify
from tests.failures import failing
from tests.spec.audit.told import Told
from tests.spec.durability.process import Served

pytestmark = [pytest.mark.anyio, pytest.mark.long, pytest.mark.timeout(600)]
CLIENTS, ROUNDS, ANSWERS = 4, 2, 60


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def asked(served: Served, told: Told, name: str) -> None:
    async with served.client() as http:
        await asyncio.gather(*(told.client(http, f"{name}-{number}") for number in range(CLIENTS)))


@failing(
    "API process",
    "reading",
    "writing",
    seen="clients of that process have no answer; those of the others see nothing",
    recovered="rows are in the file before the answer; its chain is mended when a process begins the next",
)
async def test_the_others_go_on_and_every_answer_has_its_row(tmp_path: Path, database: str) -> None:
    data = tmp_path / "data"
    told = Told()

    def served(name: str) -> Served:
        return Served(data, "--database", database, "--name", name, mappers=0)

    async with AsyncExitStack() as stack:
        stays = await stack.enter_async_context(served("stays"))
        staying = asyncio.create_task(asked(stays, told, "s"))
        for number in range(ROUNDS):
            other = Told()
            async with served("killed") as killed:
                asking = asyncio.create_task(asked(killed, other, f"k{number}"))
                while len(other.written) + len(other.read) < ANSWERS:
                    await asyncio.sleep(0.01)
                killed.kill()
                await asking
                before = len(told.read)
                async with asyncio.timeout(60):
                    while len(told.read) < before + 20:
                        await asyncio.sleep(0.01)
            told.add(other)
        stays.terminate()
        await staying
        assert await stays.ended() == 0
    assert told.refused == []
    assert told.missing(data) == []
    said = verify(data / "audit", data / "audit" / "checkpoints", AuditKey.kept(data / "audit.key"))
    assert (said.bad, said.chains) == (None, ROUNDS + 1)
