"""A planned stop behind a front: what an engine has begun is answered, and comes to the client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from conformance.topology.front import Front
from conformance.topology.process import Process, clean, free_ports, listens
from conformance.topology.running import CONFIGURATION, haproxy
from interop.app.engine import Engine
from tests.spec.durability.state import journal
from tests.spec.engine.messages import adt
from tests.spec.engine.running import sender, settings

pytestmark = pytest.mark.anyio
LOOKS = 1.5
"""Seconds in which HAProxy looks often enough to find a process down."""
READ = b"GET /fhir/Patient/p1 HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def said(engine: Engine) -> dict[str, str]:
    """Addresses for a front of which this engine is everything."""
    http, mllp, figures = free_ports(3)
    found = {"TLS": "before", "HTTP_BIND": f"127.0.0.1:{http}", "MLLP_BIND": f"127.0.0.1:{mllp}"}
    found["FIGURES_BIND"] = f"127.0.0.1:{figures}"
    for number in "12":
        found |= {f"{name}_{number}": f"127.0.0.1:{engine.http}" for name in ("INGEST", "API")}
        found |= {f"MLLP_{number}": f"127.0.0.1:{engine.mllp}", f"CHECK_{number}": str(engine.http)}
    return found


def port(addresses: dict[str, str], name: str) -> int:
    return int(addresses[name].rpartition(":")[2])


async def begun(
    engine: Engine, addresses: dict[str, str], control: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    """A request whose body has come in half; and the other half."""
    body = adt(control=control, local=control, visit=control)
    async with asyncio.timeout(30):
        while engine.server.connections:  # of those who have looked
            await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", port(addresses, "HTTP_BIND"))
    writer.write(b"POST /ingest/hl7v2?wait=applied HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n" % len(body))
    writer.write(body[:50])
    await writer.drain()
    async with asyncio.timeout(30):
        while not engine.server.connections:
            await asyncio.sleep(0.01)
    return reader, writer, body[50:]


async def stopped(engine: Engine, addresses: dict[str, str], noticed: Callable[[], Awaitable[None]]) -> None:
    """Begin a request and a message, stop the engine, finish both once the front has noticed: both are answered."""
    async with sender(port(addresses, "MLLP_BIND")) as line:
        first = await line.ask(adt(control="FIRST"))
        assert first is not None
        assert first.code == "AA"
        reader, writer, rest = await begun(engine, addresses, "HTTP")
        line.writer.write(b"\x0b" + adt(control="MLLP")[:50])
        await line.writer.drain()
        stopping = asyncio.create_task(engine.stop())
        await noticed()
        writer.write(rest)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        line.writer.write(adt(control="MLLP")[50:] + b"\x1c\r")
        acknowledged = await line.answer()
        assert acknowledged is not None
        assert (acknowledged.code, acknowledged.control) == ("AA", "MLLP")
        writer.close()
    engine.hasten()
    await stopping
    assert {"FIRST", "HTTP", "MLLP"} <= set(journal(engine.settings.data).controls)


async def test_what_was_begun_before_a_planned_stop_is_answered_through_the_front(tmp_path: Path) -> None:
    engine = await Engine.start(settings(tmp_path / "data", notice=60))
    addresses = said(engine)
    front = Front(addresses)
    await front.start()
    await front.still()

    async def look() -> None:
        for backend in (*front.ingest, *front.api, *front.mllp):
            await backend.look()

    async def noticed() -> None:
        for _ in range(4):
            await look()
        assert all(backend.leaving and not backend.up for backend in (*front.ingest, *front.mllp))

    try:
        await look()
        assert all(backend.up for backend in (*front.ingest, *front.mllp))
        await stopped(engine, addresses, noticed)
        await look()
        assert not any(backend.leaving for backend in (*front.ingest, *front.mllp))
    finally:
        await front.stop()


@pytest.mark.long
@pytest.mark.skipif(haproxy() is None, reason="HAProxy is not installed: the test above has the front of our own")
async def test_what_was_begun_before_a_planned_stop_is_answered_through_haproxy(tmp_path: Path) -> None:
    engine = await Engine.start(settings(tmp_path / "data", notice=60))
    addresses = said(engine)
    program = [str(haproxy()), "-db", "-f", str(CONFIGURATION)]
    front = Process(
        "front", program, tmp_path / "log", lambda: listens(port(addresses, "HTTP_BIND")), environment=clean() | addresses
    )

    async def status() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port(addresses, "HTTP_BIND"))
        writer.write(READ)
        line = await reader.readline()
        writer.close()
        return line.split(b" ")[1]

    async def noticed() -> None:
        async with asyncio.timeout(30):
            while await status() != b"503":
                await asyncio.sleep(0.05)
        await asyncio.sleep(LOOKS)

    try:
        await front.start()
        async with asyncio.timeout(30):
            while await status() != b"404":
                await asyncio.sleep(0.05)
        await stopped(engine, addresses, noticed)
    finally:
        await front.end()
