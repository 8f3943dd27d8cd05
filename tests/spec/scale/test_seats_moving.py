"""What one process does at a time is done by another when that is killed in the middle of it: nothing is missing or there twice."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import httpx
import pytest
from typer.testing import CliRunner

from adapters.hl7v2.framing import frame
from interop.audit.key import AuditKey
from interop.audit.verify import verify
from interop.cli.main import app
from interop.store.plan import Deliveries
from interop.store.postgres import PostgresStore
from interop.store.values import Change, Outcome
from tests.failures import failing
from tests.spec.durability.process import Served
from tests.spec.durability.state import prepare
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, ingest, running
from tests.spec.engine.test_exports import ASYNC, fill, waited
from tests.spec.notify.receiving import receiving
from tests.spec.notify.test_killed import options
from tests.spec.store.build import entry

pytestmark = [pytest.mark.anyio, pytest.mark.long, pytest.mark.timeout(300)]
MANY = 3_000
DAY = 24 * 3600 * 1_000_000


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def two(stack: AsyncExitStack, data: Path, database: str, roles: str, *more: str, **settings: str) -> list[Served]:
    """Two processes of these roles."""
    common = ("--database", database, "--roles", roles, *more)
    return [
        await stack.enter_async_context(Served(data, *common, "--name", name, mappers=0, environment=settings))
        for name in ("one", "two")
    ]


async def seated(seat: str, among: list[Served]) -> Served:
    """Whoever says that it has a seat, and nobody else does."""
    async with asyncio.timeout(60):
        while True:
            having = []
            for each in among:
                async with each.client() as http:
                    if f'interop_seat{{seat="{seat}"}} 1.0' in (await http.get("/metrics")).text:
                        having.append(each)
            if having:
                (one,) = having
                return one
            await asyncio.sleep(0.05)


async def until(connection: asyncpg.Connection, question: str, seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while not await connection.fetchval(question):
            await asyncio.sleep(0.02)


@failing(
    "ingest",
    "taking in",
    seen="a file of a watched folder is read in part",
    recovered="another reads it on",
)
async def test_a_watched_folder_is_read_on_where_it_was(tmp_path: Path, database: str) -> None:
    folder, feeds, data = tmp_path / "in", tmp_path / "feeds.csv", prepare(tmp_path / "data")
    folder.mkdir()
    feeds.write_text("feed,adapter,ack,test_numbers,description,folder\nward,hl7v2,journalled,yes,,in\n", encoding="utf-8")
    content = b"".join(frame(adt(control=f"C{number}", local=f"L{number}", visit=f"V{number}")) for number in range(MANY))
    connection = await asyncpg.connect(database)
    async with AsyncExitStack() as stack:
        both = await two(stack, data, database, "ingest", "--feeds", str(feeds))
        (folder / ".day.hl7").write_bytes(content)
        (folder / ".day.hl7").rename(folder / "day.hl7")
        await until(connection, "SELECT count(*) > 300 FROM journal.entry")
        first = await seated("folders", both)
        first.kill()
        await first.ended()
        assert await connection.fetchval("SELECT count(*) FROM journal.entry") < MANY
        (other,) = (each for each in both if each is not first)
        assert await seated("folders", [other]) is other
        async with asyncio.timeout(120):
            while not (folder / "archive" / "day.hl7").is_file():
                await asyncio.sleep(0.05)
    controls = [control for (control,) in await connection.fetch("SELECT control_id FROM journal.entry ORDER BY message")]
    await connection.close()
    assert controls == [f"C{number}" for number in range(MANY)]


@failing("worker", "applying", seen="what it was sending out has no mark", recovered="another sends it, under the same id")
async def test_what_is_to_go_out_goes_out_once_or_again_under_the_same_id(tmp_path: Path, database: str) -> None:
    data = prepare(tmp_path / "data")
    async with receiving() as receiver, AsyncExitStack() as stack:
        receiver.answers = [-2, 200]
        to = options(tmp_path, receiver)
        both = await two(stack, data, database, "worker", *to)
        async with running(data, database=database, roles="ingest,api", name="in", destinations=Path(to[1])) as taking:
            async with client(taking) as http:
                for number in range(5):
                    answer = await ingest(http, adt(control=f"C{number}", local=f"L{number}", visit=f"V{number}"))
                    assert answer.is_success, answer.text
                await receiver.until(1)
                first = await seated("deliveries", both)
                first.kill()
                await first.ended()
                store = taking.workshop.store
                rows = await store.query(Deliveries())
                async with asyncio.timeout(60):
                    while {each.state for each in rows} != {"sent"}:
                        await asyncio.sleep(0.05)
                        rows = await store.query(Deliveries())
    ids = [each.id for each in sorted(rows, key=lambda each: each.sequence)]
    got = [each.headers["idempotency-key"] for each in receiver.got]
    assert len(ids) == 5
    assert got == [ids[0], *ids]
    assert receiver.got[0].body == receiver.got[1].body


@failing("API process", "reading", seen="an export stands still", recovered="another begins it anew")
async def test_an_export_is_finished_by_another(tmp_path: Path, database: str) -> None:
    data = prepare(tmp_path / "data")
    store = await PostgresStore.open(database)
    await fill(store, 20_000)
    await store.close()
    async with AsyncExitStack() as stack:
        first, other = await two(stack, data, database, "api")
        async with first.client() as http:
            place = httpx.URL((await http.get("/fhir/$export", headers=ASYNC)).headers["content-location"]).path
        job = data / "exports" / place.rpartition("/")[2]
        async with asyncio.timeout(60):
            while not list(job.glob("*.ndjson")):
                await asyncio.sleep(0)
        first.kill()
        await first.ended()
        assert json.loads((job / "job.json").read_text())["state"] == "running"
        async with other.client() as http:
            whole = await waited(http, place)
            assert [each["count"] for each in whole["output"]] == [20_000]
            lines = (await http.get(httpx.URL(whole["output"][0]["url"]).path)).content.splitlines()
            assert len({line[:80] for line in lines}) == 20_000


async def test_what_is_no_longer_kept_goes_though_the_process_that_disposes_of_it_is_killed(tmp_path: Path, database: str) -> None:
    data, long_ago = prepare(tmp_path / "data"), time.time_ns() // 1000 - 100 * DAY
    store = await PostgresStore.open(database)
    for start in range(1, 20_001, 1_000):
        entries = [entry(number, at=long_ago) for number in range(start, start + 1_000)]
        await store.commit(Change(entries=entries))
        await store.commit(Change(outcomes=[Outcome(each.message, "applied", long_ago) for each in entries]))
    await store.close()
    connection = await asyncpg.connect(database)

    async def run(served: Served) -> tuple[int, str]:
        command = ["retention", "run", "--url", f"http://127.0.0.1:{served.http}", "--data", str(data), "--json"]
        done = await asyncio.to_thread(CliRunner().invoke, app, command)
        return done.exit_code, done.output

    async with AsyncExitStack() as stack:
        first, other = await two(stack, data, database, "api", INTEROP_KEEP_JOURNAL="30")
        running_ = asyncio.create_task(run(first))
        await until(connection, EMPTIED)
        first.kill()
        await first.ended()
        assert (await running_)[0] != 0
        assert await connection.fetchval(LEFT) > 0
        async with asyncio.timeout(60):
            while (done := await run(other))[0]:
                assert "another" in done[1].lower() or "busy" in done[1].lower(), done[1]
                await asyncio.sleep(0.1)
        assert await connection.fetchval(LEFT) == 0
        assert await connection.fetchval("SELECT count(*) FROM journal.entry") == 20_000
        other.terminate()
        assert await other.ended() == 0
    await connection.close()
    assert verify(data / "audit", data / "audit" / "checkpoints", AuditKey.kept(data / "audit.key")).bad is None


LEFT = "SELECT count(*) FROM journal.body WHERE length(body) > 0"
EMPTIED = "SELECT count(*) < 20000 FROM journal.body WHERE length(body) > 0"
