"""Faults under clients that write through the API side by side: what was answered is there, with its content and its version;
nothing is there twice; transactions are there as a whole or not at all; one criterion makes one resource; no update is lost."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import asyncpg
import httpx
import pytest

from tests.failures import failing
from tests.postgres import Server
from tests.spec.durability.process import Served
from tests.spec.durability.state import differences, journal, prepare, record
from tests.spec.durability.test_postgresql import as_files, rebuilt
from tests.spec.durability.writers import JSON, Writers, patient

pytestmark = pytest.mark.anyio
CLIENTS = 16
TAKEN = {200, 201, 204, 404, 410, 412}
"""What clients are answered where nothing fails: also what is not there, and what has changed since."""
HEADER, FRAME = 32, 24
"""Bytes at the head of a write-ahead log and of each of its frames."""
NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


async def under(served: Served, writers: Writers, fault: Callable[[], Awaitable[None]]) -> None:
    """Let clients write, and let the fault come when some of them have been answered, as the seed has it."""
    moment = len(writers.answered) + Random(writers.seed + sum(writers.statuses.values())).randrange(20, 80)
    stop = asyncio.Event()
    async with served.client() as http:
        writing = asyncio.create_task(writers.write(http, CLIENTS, stop))
        while len(writers.answered) < moment and not writing.done():
            await asyncio.sleep(0.005)
        print(f"seed {writers.seed}: after {len(writers.answered)} answers, {len(writers.done)} of them transactions")
        await fault()
        stop.set()
        await writing


async def killed(data: Path, seed: int, kills: int, *options: str, power: bool = False) -> None:
    """Kill the engine again and again; then all is judged. ``power``: the power goes too."""
    writers = Writers(seed)
    for _ in range(kills):
        async with Served(data, *options) as served:
            before = logged(data / "record.sqlite-wal")

            async def kill(served: Served = served) -> None:
                served.kill()

            await under(served, writers, kill)
            assert await served.ended() == -signal.SIGKILL
        if power:
            lose(data, Random(seed), before)
    async with Served(data, *options) as served, served.client() as http:
        assert await writers.judge(http) == []
        served.terminate()
        assert await served.ended() == 0
    assert writers.statuses.keys() <= TAKEN


def logged(log: Path) -> tuple[bytes, int]:
    """The salt of a write-ahead log, new each time that it begins again, and where its last frame of that salt ends (SQLite file
    format, 4.1)."""
    held = log.read_bytes() if log.exists() else b""
    if len(held) < HEADER:
        return b"", 0
    salt, step, end = held[16:24], FRAME + int.from_bytes(held[8:12], "big"), HEADER
    while end + step <= len(held) and held[end + 8 : end + 16] == salt:
        end += step
    return salt, end


def lose(data: Path, random: Random, before: tuple[bytes, int]) -> None:
    """Take away what need not have been on disk when the power went: the end of the record's log. ``before`` is how it was when
    the engine had started; what is in a log that has begun again since was not synced at all, and all before it was."""
    log = data / "record.sqlite-wal"
    salt, end = logged(log)
    left = random.randrange(before[1] if before[0] == salt else HEADER, end)
    print(f"the power goes: {left} of {end} bytes of the record's log are left")
    with log.open("r+b") as file:
        file.truncate(left)
    for path in data.glob("*.sqlite-shm"):
        path.unlink()


async def made_again(data: Path, *options: str) -> None:
    """The journal alone makes the same record."""
    await rebuilt("--data", str(data), *options, "--into", str(data.with_name("again")))
    there = await as_files(options[1], data.with_name("copy")) if options else data
    assert set(journal(there).states.values()) == {"applied"}
    assert differences(record(data.with_name("again")), record(there)) == []


@pytest.mark.long
@failing("power", "writing", seen="the client has no answer", recovered="what was answered is in the journal and made again")
async def test_the_power_goes(tmp_path: Path) -> None:
    """The journal makes again what the record has lost, under the same versions (docs/decisions/0042)."""
    await killed(prepare(tmp_path / "data"), 1, 1, power=True)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
@failing(
    "engine",
    "writing",
    seen="the client has no answer",
    recovered="what was answered is there; what is journalled is finished at the start",
)
async def test_the_engine_is_killed_again_and_again(tmp_path: Path, seed: int) -> None:
    data = prepare(tmp_path / "data")
    await killed(data, seed, 1 + seed % 3, power=seed % 2 == 0)
    await made_again(data)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20, 24))
async def test_the_engine_on_postgresql_is_killed(tmp_path: Path, database: str, seed: int) -> None:
    data, options = prepare(tmp_path / "data"), ("--database", database)
    await killed(data, seed, 2, *options)
    await made_again(data, *options)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40, 44))
@failing("PostgreSQL", "writing", seen="503 until it is back", recovered="what was answered is there; the rest is written again")
async def test_postgresql_ends_and_comes_back(tmp_path: Path, postgres: Server, database: str, seed: int) -> None:
    """Clients are told to try again (503) and the engine goes on by itself."""
    writers = Writers(seed)

    async def crash() -> None:
        postgres.stop(signal.SIGQUIT)
        await asyncio.sleep(0.3)
        postgres.start()

    async with Served(prepare(tmp_path / "data"), "--database", database) as served, served.client() as http:
        for _ in range(3):
            await under(served, writers, crash)
        await working(http)
        assert await writers.judge(http) == []
    assert writers.statuses.keys() <= TAKEN | {503}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(60, 64))
@failing(
    "PostgreSQL",
    "writing",
    seen="503, or no difference",
    recovered="new connections; a commit of which the answer did not come is looked up",
)
async def test_connections_to_postgresql_are_cut(tmp_path: Path, postgres: Server, database: str, seed: int) -> None:
    """In the middle of a statement or of COMMIT, where nobody knows whether it was done."""
    writers, random = Writers(seed), Random(seed)

    async def cut() -> None:
        connection = await asyncpg.connect(postgres.url())
        for _ in range(12):
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname LIKE 'test%' "
                "AND random() < 0.6"
            )
            await asyncio.sleep(random.uniform(0.01, 0.15))
        await connection.close()

    async with Served(prepare(tmp_path / "data"), "--database", database) as served, served.client() as http:
        for _ in range(2):
            await under(served, writers, cut)
        await working(http)
        assert await writers.judge(http) == []
    assert writers.statuses.keys() <= TAKEN | {503}


@pytest.mark.long
@failing("journal disk", "writing", seen="503 `journal-unavailable`", recovered="the client tries again once there is room")
async def test_a_full_disk_refuses_writes_and_mends_itself(tmp_path: Path) -> None:
    """503 with ``Retry-After``; what was answered before is there; reads go on."""
    data, writers = prepare(tmp_path / "data"), Writers(7)
    async with Served(data) as served, served.client() as http:

        async def full() -> None:
            size = max(path.stat().st_size for path in data.glob("journal.sqlite*"))
            resource.prlimit(served.pid, resource.RLIMIT_FSIZE, (size + 16_384, resource.RLIM_INFINITY))
            while (refused := await http.post("/fhir/Patient", json=patient("full"), headers=JSON)).status_code == 201:
                await asyncio.sleep(0.01)
            assert (refused.status_code, refused.json()["issue"][0]["code"]) == (503, "no-store")
            assert refused.headers["retry-after"]
            assert (await http.get("/fhir/Patient?_count=1")).status_code == 200
            resource.prlimit(served.pid, resource.RLIMIT_FSIZE, NO_LIMIT)

        for _ in range(2):
            await under(served, writers, full)
        await working(http)
        assert await writers.judge(http) == []
    assert writers.statuses.keys() <= TAKEN | {503}


@failing("sender", "writing", seen="nothing", recovered="what was journalled is finished without the client")
@pytest.mark.long
async def test_a_client_that_goes_away_has_written_all_or_nothing(tmp_path: Path) -> None:
    """In the middle of the body nothing is done; in the middle of the answer the write goes on to its end."""
    random = Random(5)
    async with Served(prepare(tmp_path / "data")) as served, served.client() as http:

        async def gone(number: int) -> None:
            entries = b",".join(
                b'{"request":{"method":"PUT","url":"Patient/p%d-%d"},"resource":{"resourceType":"Patient","id":"p%d-%d"}}'
                % (number, one, number, one)
                for one in range(5)
            )
            body = b'{"resourceType":"Bundle","type":"transaction","entry":[%b]}' % entries
            _, writer = await asyncio.open_connection("127.0.0.1", served.http)
            head = b"POST /fhir HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/fhir+json\r\ncontent-length: %d\r\n\r\n"
            writer.write(head % len(body) + (body if number % 2 else body[: random.randrange(len(body))]))
            await writer.drain()
            await asyncio.sleep(random.uniform(0, 0.05) if number % 2 else 0)
            writer.transport.abort()

        await asyncio.gather(*(gone(number) for number in range(20)))
        await working(http)
        for number in range(20):
            ids = ",".join(f"p{number}-{one}" for one in range(5))
            total = (await http.get(f"/fhir/Patient?_id={ids}&_summary=count")).json()["total"]
            assert total in ((0, 5) if number % 2 else (0,))


async def working(http: httpx.AsyncClient) -> None:
    """The engine takes writes, as it should soon after a fault."""
    for _ in range(200):
        if (await http.post("/fhir/Patient", json=patient("working"), headers=JSON)).status_code == 201:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the engine takes no writes")
