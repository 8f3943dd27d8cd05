"""``kill -9`` under load: what was acknowledged is there and applied, and nothing is applied twice."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from tests.failures import failing
from tests.spec.durability.load import CONNECTIONS, WINDOW, push, settled, traffic
from tests.spec.durability.process import Served
from tests.spec.durability.state import Record, differences, journal, opened, prepare, record

pytestmark = pytest.mark.anyio
COUNT = 1_000
SEED = 41
DRAIN = WINDOW * CONNECTIONS
"""Messages that may be under way when a signal is sent, and be acknowledged all the same: what is left over for each kill."""


@pytest.fixture(scope="module")
def data_unharmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of an engine that has had the traffic and was not killed."""
    data = prepare(tmp_path_factory.mktemp("unharmed") / "data")
    asyncio.run(_unharmed(data))
    return data


@pytest.fixture(scope="module")
def unharmed(data_unharmed: Path) -> Record:
    """The record that the traffic makes where nothing is killed."""
    return record(data_unharmed)


async def _unharmed(data: Path) -> None:
    bodies, acknowledged = traffic(SEED, COUNT), set[str]()
    async with Served(data) as served:
        await push(served.mllp, bodies.values(), acknowledged)
        await settled(served)
        served.terminate()
        assert await served.ended() == 0
    assert acknowledged == set(bodies)
    assert len(journal(data).controls) == COUNT + 1


async def rounds(data: Path, seed: int, kills: int, unharmed: Record) -> None:
    """Send the traffic, kill the owner ``kills`` times at moments that ``seed`` chooses, compare with the unharmed record."""
    random = Random(seed)
    bodies, acknowledged, expected_repeats = traffic(SEED, COUNT), set[str](), 0
    prepare(data)
    for left in range(kills, 0, -1):
        moment = len(acknowledged) + random.randrange(1, (COUNT - len(acknowledged)) // left - DRAIN)
        print(f"kill -9: seed {seed}, after {moment} acknowledgements of {COUNT}")
        async with Served(data) as served:

            def told(served: Served = served, moment: int = moment) -> None:
                if len(acknowledged) == moment:
                    served.kill()

            rest = [body for control, body in bodies.items() if control not in acknowledged]
            await push(served.mllp, rest, acknowledged, told)
            assert await served.ended() == -signal.SIGKILL
        copy = shutil.copytree(data, data.with_name(f"{data.name}-killed"), dirs_exist_ok=True)
        there = journal(copy)
        shutil.rmtree(copy)
        assert acknowledged <= set(there.controls)
        assert len(there.controls) == len(set(there.controls))
        expected_repeats = there.repetitions + len(set(there.controls) - acknowledged)
    async with Served(data) as served:
        await push(served.mllp, [body for control, body in bodies.items() if control not in acknowledged], acknowledged)
        assert acknowledged == set(bodies)
        await settled(served)
        served.terminate()
        assert await served.ended() == 0
    there = journal(data)
    assert sorted(there.controls) == sorted([*bodies, "SETTLED"])
    assert set(there.states.values()) == {"applied"}
    assert there.repetitions == expected_repeats
    assert differences(record(data), unharmed) == []


@pytest.mark.timeout(600)
@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
@failing(
    "engine",
    "taking in",
    "applying",
    seen="connections end; senders without an answer send again",
    recovered="the next start works off the journal; repeats are recognised",
)
async def test_the_owner_is_killed(tmp_path: Path, seed: int, unharmed: Record) -> None:
    await rounds(tmp_path / "data", seed, 1, unharmed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 130))
@failing(
    "engine", "starting", seen="connections end, several times in a row", recovered="each start goes on where the journal stands"
)
async def test_the_owner_is_killed_again_and_again(tmp_path: Path, seed: int, unharmed: Record) -> None:
    await rounds(tmp_path / "data", seed, 1 + seed % 4, unharmed)


@pytest.mark.long
async def test_the_comparison_finds_one_message_applied_twice(tmp_path: Path, data_unharmed: Path, unharmed: Record) -> None:
    data = shutil.copytree(data_unharmed, tmp_path / "data")
    with opened(data / "record.sqlite") as connection, connection:
        connection.execute("DELETE FROM outcome WHERE message = 700")
    async with Served(data) as served:
        await settled(served, "AGAIN")
        served.terminate()
        await served.ended()
    assert set(journal(data).states.values()) == {"applied"}
    assert differences(record(data), unharmed) != []


async def mapper_round(data: Path, seed: int, kills: int, unharmed: Record, mappers: int) -> None:
    """Send the traffic and kill mappers while it is under way; the owner goes on."""
    random = Random(seed)
    moments = {random.randrange(1, COUNT) for _ in range(kills)}
    print(f"kill -9 of mappers: seed {seed}, after {sorted(moments)} acknowledgements")
    bodies, acknowledged = traffic(SEED, COUNT), set[str]()
    async with Served(prepare(data), mappers=mappers) as served:

        def told() -> None:
            if len(acknowledged) in moments:
                for pid in served.mappers():
                    with suppress(ProcessLookupError):  # it had ended
                        os.kill(pid, signal.SIGKILL)

        await push(served.mllp, bodies.values(), acknowledged, told)
        assert acknowledged == set(bodies)
        await settled(served)
        served.terminate()
        assert await served.ended() == 0
    there = journal(data)
    assert set(there.states.values()) == {"applied"}
    assert there.repetitions == 0
    assert differences(record(data), unharmed) == []


@pytest.mark.long
@failing("mapper", "taking in", seen="nothing: messages are answered when journalled", recovered="another mapper takes its batch")
async def test_a_mapper_is_killed(tmp_path: Path, unharmed: Record) -> None:
    await mapper_round(tmp_path / "data", 4, 2, unharmed, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(200, 210))
async def test_mappers_are_killed_again_and_again(tmp_path: Path, seed: int, unharmed: Record) -> None:
    await mapper_round(tmp_path / "data", seed, 5, unharmed, 3)
