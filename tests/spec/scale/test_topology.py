"""Two of each role behind a front, as in docker-compose.yml: one ends while senders go on, another takes its place."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from conformance.topology.running import Topology
from tests.failures import failing
from tests.places import memory
from tests.spec.durability.process import CODE
from tests.spec.durability.state import differences, journal, prepare, record
from tests.spec.durability.test_postgresql import as_files
from tests.spec.scale.sending import Load
from tests.spec.scale.side_by_side import UNFINISHED

pytestmark = [pytest.mark.anyio, pytest.mark.long, pytest.mark.timeout(900)]
SETTLING = 240.0
"""Seconds in which all that was taken in is in the record once nobody sends any more."""
ANSWERS = 10
"""Answers of each kind that are waited for before and after something is done to the topology."""
ORDINARY = ("MLLP", "HTTP", "write", "read")
EVERYTHING = (*ORDINARY, "HTTP, applied")
SENDERS, CLIENTS, KILLS = 3, 2, 2
TRIES = 2
"""How often one of them asks again when its process is killed: one that was told nothing, one before the front has seen it."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that PostgreSQL may enter too, which is another user."""
    with TemporaryDirectory(prefix="interop-topology-", dir=memory(4 << 30)) as made:
        prepare(Path(made) / "data")
        yield Path(made)


async def settled(there: Topology) -> None:
    """Until every message has an outcome."""
    connection = await asyncpg.connect(there.database)
    try:
        async with asyncio.timeout(SETTLING):
            while await connection.fetchval(UNFINISHED):
                await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def more(load: Load, kinds: tuple[str, ...] = ORDINARY) -> None:
    """Until so many more answers of each kind have come."""
    wanted = {kind: load.answers[kind] + ANSWERS for kind in kinds}
    async with asyncio.timeout(SETTLING):
        while any(load.answers[kind] < number for kind, number in wanted.items()):
            await asyncio.sleep(0.02)


@asynccontextmanager
async def under_load(there: Topology, seed: int, *, waiting: bool = True) -> AsyncIterator[Load]:
    """Senders over MLLP and HTTP, clients that write and read; at the end they finish what they have begun."""
    load = Load(there.http, there.mllp, seed)
    at_work = [load.mllp(), load.mllp(), load.http(), load.register("one"), load.register("two")]
    tasks = [asyncio.create_task(each) for each in (*at_work, *((load.http(applied=True),) if waiting else ()))]
    try:
        await more(load)
        load.waits.clear()
        yield load
        await more(load)
        load.stopping = True
        async with asyncio.timeout(SETTLING):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        print(load.told())


async def nothing_is_missing(there: Topology, load: Load, place: Path) -> None:
    """Every acknowledged message is in the record once, reads saw what was written, and the journal alone makes the same record."""
    await settled(there)
    assert load.stale == []
    async with load.client() as http:
        for path, number in load.written.items():
            assert (await http.get(path)).json()["code"]["text"] == str(number)
    copy = await as_files(there.database, place / "copy")
    kept = journal(copy)
    of_feeds = [control for control in kept.controls if control in load.acknowledged]
    assert sorted(of_feeds) == sorted(load.acknowledged)
    assert {kept.states[control] for control in of_feeds} == {"applied"}
    await made_again(there, place / "again")
    assert differences(record(place / "again"), record(copy)) == []


async def made_again(there: Topology, into: Path) -> None:
    """The record that the journal alone makes, in files."""
    command = [sys.executable, "-c", CODE, "rebuild", "--mappers", "1", "--test-numbers"]
    command += ["--data", str(there.data), "--database", there.database, "--into", str(into)]
    done = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await done.communicate()
    assert done.returncode == 0, said.decode()


async def disturbed(place: Path, seed: int, done: Callable[[Topology, Load], Awaitable[None]], **given: bool) -> Load:
    async with Topology(place, "--open", "--test-numbers", durable=False, **given) as there:
        began = time.monotonic()
        async with under_load(there, seed) as load:
            await done(there, load)
        print(f"{there.front}, {time.monotonic() - began:.0f} s")
        await nothing_is_missing(there, load, place)
    return load


async def asked_again(place: Path, seed: int, role: str, kinds: tuple[str, ...] = ORDINARY) -> Counter[str]:
    """Kill the processes of a role one after another, and start each again; how often somebody had to ask again, by kind. They ask
    again within 20 ms: who is away for a second is asked again fifty times. Who waits until a message is applied is not counted:
    that is a matter of how busy the machine is."""

    async def done(there: Topology, load: Load) -> None:
        for name in there.names(role):
            await there.kill(name)
            await more(load, kinds)
            await there.start(name)

    load = await disturbed(place, seed, done)
    again = load.tries - load.answers
    del again["HTTP, applied"]
    return again


@failing(
    "worker",
    "applying",
    seen="nothing; what it was at work on waits until its lease ends",
    recovered="another worker takes it over",
)
async def test_workers_are_killed_one_after_another(place: Path) -> None:
    """On a busy machine a process may stand still in its turn, and lose it: those who wait for it are told to ask again."""
    assert (await asked_again(place, 11, "worker", EVERYTHING)).total() <= KILLS


@failing(
    "ingest", "taking in", seen="the connection ends", recovered="the sender's next try, which the proxy gives to another process"
)
async def test_processes_that_take_messages_in_are_killed_one_after_another(place: Path) -> None:
    again = await asked_again(place, 12, "ingest")
    assert again.keys() <= {"MLLP", "HTTP"}
    assert again.total() <= SENDERS * KILLS * TRIES


@failing(
    "API process",
    "writing",
    "reading",
    seen="the connection ends; a write that was not answered may have worked",
    recovered="the next try, at another process, which finishes a write that was journalled",
)
async def test_processes_that_answer_are_killed_one_after_another(place: Path) -> None:
    again = await asked_again(place, 13, "api")
    assert again.keys() <= {"write", "read"}
    assert again.total() <= CLIENTS * KILLS * TRIES


@failing(
    "PostgreSQL",
    "applying",
    "writing",
    seen="`journal-unavailable` (AR, 503) of every process",
    recovered="each connects again by itself",
)
async def test_the_database_is_killed_and_started_again(place: Path) -> None:
    async def done(there: Topology, load: Load) -> None:
        for how in (signal.SIGINT, signal.SIGQUIT):
            await there.processes["postgres"].end(how)
            await there.start("postgres")
            await more(load)

    await disturbed(place, 14, done)


@failing(
    "Redis",
    "taking in",
    "applying",
    "writing",
    "reading",
    seen="nothing; messages are applied a little later",
    recovered="processes look for themselves, and connect again",
)
async def test_redis_is_emptied_killed_and_gone(place: Path) -> None:
    async def done(there: Topology, load: Load) -> None:
        await emptied(there)
        await more(load, EVERYTHING)
        await there.kill("redis")
        await more(load, EVERYTHING)
        await there.start("redis")
        await more(load, EVERYTHING)

    await disturbed(place, 15, done)


async def emptied(there: Topology) -> None:
    """FLUSHALL."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(there.redis_url.rpartition(":")[2].partition("/")[0]))
    writer.write(b"*1\r\n$8\r\nFLUSHALL\r\n")
    assert await reader.readline() == b"+OK\r\n"
    writer.close()


@failing(
    "proxy",
    "taking in",
    "reading",
    "writing",
    seen="connections end, and none is taken",
    recovered="the next try when it runs again",
)
async def test_the_proxy_is_killed_and_started_again(place: Path) -> None:
    async def done(there: Topology, load: Load) -> None:
        await there.kill("front")
        await there.start("front")
        await more(load)

    await disturbed(place, 16, done)
