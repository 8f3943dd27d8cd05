"""A stop that is announced: not ready first, then connections end with their answer, then the ports close; nobody who was being
answered is cut off."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from interop.app.engine import Engine
from interop.app.settings import Settings
from tests.spec.durability.process import Served
from tests.spec.durability.state import journal
from tests.spec.engine.messages import adt
from tests.spec.engine.running import sender, settings

pytestmark = pytest.mark.anyio
READ = b"GET /fhir/Patient/p1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Tally(NamedTuple):
    """Requests that were answered, those of them that ended their connection, those that were cut off in the middle."""

    answered: list[int]
    last: list[int]
    cut: list[str]


async def reading(port: int, balanced: asyncio.Event, tally: Tally) -> None:
    """A client on a connection that is kept alive, as long as whoever balances sends it here; anew where it is told to."""
    while not balanced.is_set():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        told = False
        with suppress(ConnectionError):
            while not told and not balanced.is_set():
                writer.write(READ)
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                except (asyncio.IncompleteReadError, ConnectionError) as error:
                    tally.cut.append(repr(error))
                    break
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                tally.answered.append(int(head.split(b" ")[1]))
                told = b"connection: close" in head.lower()
            if told:
                tally.last.append(1)
            writer.close()
            await writer.wait_closed()


async def sending(port: int, balanced: asyncio.Event, tally: Tally, name: str) -> list[str]:
    """A client that posts messages one after the other; which were taken."""
    taken: list[str] = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as http:
        number = 0
        while not balanced.is_set():
            control = f"{name}{number}"
            number += 1
            try:
                answer = await http.post("/ingest/hl7v2?wait=applied", content=adt(control=control, local=control, visit=control))
            except httpx.HTTPError as error:
                tally.cut.append(repr(error))
                break
            tally.answered.append(answer.status_code)
            if answer.json().get("state") == "applied":
                taken.append(control)
    return taken


async def balancing(port: int, balanced: asyncio.Event) -> None:
    """What a proxy does: it asks, and sends nobody here once it is not ready."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as http:
        while (answer := await http.get("/health/ready")).status_code == 200:
            await asyncio.sleep(0.01)
        assert answer.json()["reason"] == "stopping"
        assert answer.headers["connection"] == "close"
    balanced.set()


async def piping(port: int, count: int) -> set[str]:
    """A sender that sends without waiting; what was acknowledged."""
    acknowledged = set()
    async with sender(port) as line:
        for number in range(count):
            control = f"P{number}"
            line.send(adt(control=control, local=control, visit=control))
        while (answer := await line.answer()) is not None:
            if answer.code == "AA":
                acknowledged.add(answer.control)
    return acknowledged


@pytest.mark.long
async def test_sigterm_under_load_cuts_no_request_and_acknowledges_nothing_that_is_not_journalled(tmp_path: Path) -> None:
    tally, balanced = Tally([], [], []), asyncio.Event()
    async with Served(tmp_path / "data", "--notice", "5", "--drain", "30") as served:
        balancer = asyncio.create_task(balancing(served.http, balanced))
        readers = [asyncio.create_task(reading(served.http, balanced, tally)) for _ in range(8)]
        senders = [asyncio.create_task(sending(served.http, balanced, tally, f"H{each}-")) for each in range(4)]
        pipe = asyncio.create_task(piping(served.mllp, 2_000))
        while len(tally.answered) < 200:
            await asyncio.sleep(0.01)
        served.terminate()
        await balancer
        posted = {control for each in await asyncio.gather(*senders) for control in each}
        await asyncio.gather(*readers)
        acknowledged = await pipe
        assert await served.ended() == 0
        assert b"Traceback" not in served.errors
    assert tally.cut == []
    assert tally.last
    assert {200, 404, 503} >= {*tally.answered}
    there = set(journal(tmp_path / "data").controls)
    assert posted
    assert acknowledged
    assert posted | acknowledged <= there


async def test_what_is_kept_alive_ends_with_its_next_answer_and_new_connections_are_taken_until_the_notice_is_over(
    tmp_path: Path,
) -> None:
    engine = await Engine.start(settings(tmp_path / "data", notice=60))
    kept = await asyncio.open_connection("127.0.0.1", engine.http)
    kept[1].write(READ)
    assert b"connection: close" not in (await kept[0].readuntil(b"\r\n\r\n")).lower()
    await kept[0].readuntil(b"}]}")
    stopping = asyncio.create_task(engine.stop())
    await asyncio.sleep(0)
    assert engine.leaving
    for reader, writer in (kept, await asyncio.open_connection("127.0.0.1", engine.http)):
        writer.write(READ)
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 404")
        assert b"connection: close" in answer.lower()
        writer.close()
    async with sender(engine.mllp) as line:
        acknowledged = await line.ask(adt(control="LATE"))
        assert acknowledged is not None
        assert acknowledged.code == "AA"
    engine.hasten()
    await stopping
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", engine.http)
    assert "LATE" in journal(tmp_path / "data").controls


async def test_a_request_that_does_not_end_is_given_so_long_and_no_longer(tmp_path: Path) -> None:
    engine = await Engine.start(settings(tmp_path / "data", drain=0.2))
    half, idle = [await asyncio.open_connection("127.0.0.1", engine.http) for _ in range(2)]
    half[1].write(b"POST /ingest/hl7v2 HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\nMSH")
    while engine.server.connections < 2:
        await asyncio.sleep(0)
    await engine.stop()
    assert await idle[0].read() == b""
    with suppress(ConnectionError):
        assert b"HTTP/1.1 2" not in await half[0].read()
    for _, writer in (half, idle):
        writer.close()


@pytest.mark.parametrize("said", [{"drain": -1}, {"notice": -1}, {"notice": 601}])
def test_times_that_cannot_be_are_refused(tmp_path: Path, said: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Settings(data=tmp_path, **said)
