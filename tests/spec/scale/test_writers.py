"""Clients that write through two processes at once, one of which is killed and comes back, find what they were answered."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from random import Random

import pytest

from tests.spec.durability.process import Served
from tests.spec.durability.state import prepare
from tests.spec.durability.test_writes import TAKEN
from tests.spec.durability.writers import Writers

pytestmark = [pytest.mark.anyio, pytest.mark.long]


@pytest.mark.parametrize("seed", range(3))
async def test_what_was_answered_is_there_once_and_nothing_is_overwritten(tmp_path: Path, database: str, seed: int) -> None:
    data, writers, random = prepare(tmp_path / "data"), Writers(seed), Random(seed)
    stop = asyncio.Event()
    async with Served(data, "--database", database, "--name", "stays") as stays, stays.client() as there:
        async with Served(data, "--database", database, "--name", "goes") as goes, goes.client() as here:
            writing = [asyncio.create_task(writers.write(http, 6, stop)) for http in (there, here)]
            until = random.randrange(60, 120)
            while len(writers.answered) < until and not all(each.done() for each in writing):
                await asyncio.sleep(0.005)
            goes.kill()
            assert await goes.ended() == -signal.SIGKILL
            until = len(writers.answered) + 30
            while len(writers.answered) < until and not all(each.done() for each in writing):
                await asyncio.sleep(0.005)
            stop.set()
            await asyncio.gather(*writing)
        assert await writers.judge(there) == []
        async with Served(data, "--database", database, "--name", "goes") as goes, goes.client() as here:
            assert await writers.judge(here) == []
    assert writers.statuses.keys() <= TAKEN
