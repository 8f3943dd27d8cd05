"""The small front of a topology: to whom a connection goes, what is tried again, what is told where nobody answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
import pytest

from conformance.topology import balancing
from conformance.topology.front import Front
from conformance.topology.process import free_ports

pytestmark = pytest.mark.anyio
READY = b"GET /health/ready?"
LONG = 30.0
"""Seconds: nobody here is slow, only a machine that has other work."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The front takes nobody to be gone who has stood still for a moment."""
    monkeypatch.setattr(balancing, "PATIENCE", LONG)
    monkeypatch.setattr(balancing, "LOOKING", LONG)


class Behind:
    """A process behind the front: says its name, or ends without a word; keeps what it was asked."""

    def __init__(self, name: str, port: int) -> None:
        self.name, self.port = name, port
        self.ready, self.silent, self.leaving = True, False, False
        self.asked: list[str] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            await self._answered(await reader.readuntil(b"\r\n\r\n"), writer)
        writer.close()

    async def _answered(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        status = "200 OK"
        if head.startswith(READY) and not self.ready:
            status = "404 Not Found" if self.leaving else "503 Busy"
        if not head.startswith(READY):
            self.asked.append(head.split(b" HTTP")[0].decode())
        if head.startswith(READY) or not self.silent:
            name = self.name.encode()
            writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(name)}\r\nconnection: close\r\n\r\n".encode() + name)


@asynccontextmanager
async def fronted() -> AsyncIterator[tuple[Front, httpx.AsyncClient, dict[str, Behind]]]:
    """A front that has looked once at two of each; nobody looks but the test."""
    http, mllp, *ports = free_ports(6)
    behind = {name: Behind(name, port) for name, port in zip(("ingest-1", "ingest-2", "api-1", "api-2"), ports, strict=True)}
    said = {"HTTP_BIND": f"127.0.0.1:{http}", "MLLP_BIND": f"127.0.0.1:{mllp}"}
    for name, one in behind.items():
        said[name.upper().replace("-", "_")] = f"127.0.0.1:{one.port}"
    for number in "12":
        said[f"MLLP_{number}"] = said[f"INGEST_{number}"]
        said[f"CHECK_{number}"] = said[f"INGEST_{number}"].rpartition(":")[2]
    front = Front(said)
    async with AsyncExitStack() as stack:
        for one in behind.values():
            await one.open()
            stack.push_async_callback(one.close)
        await front.start()
        stack.push_async_callback(front.stop)
        await front.still()
        await look(front)
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{http}", timeout=LONG, trust_env=False)
        )
        yield front, client, behind


async def look(front: Front) -> None:
    for backend in (*front.ingest, *front.api, *front.mllp):
        await backend.look()


@pytest.mark.parametrize(
    ("path", "role"),
    [("/ingest/hl7v2", "ingest"), ("/itk", "ingest"), ("/itk3/x", "ingest"), ("/bars/$x", "ingest"), ("/bars?a", "ingest"),
     ("/fhir/Patient", "api"), ("/", "api"), ("/ingests", "api"), ("/messages/1", "api"), ("/fhir/ingest/x", "api")],
)  # fmt: skip
async def test_an_address_goes_to_the_role_that_answers_there(path: str, role: str) -> None:
    async with fronted() as (_, client, _):
        assert (await client.get(path)).text.startswith(role)


async def test_who_is_not_ready_gets_nothing() -> None:
    async with fronted() as (front, client, behind):
        behind["api-1"].ready = False
        await look(front)
        await look(front)
        assert [(await client.get("/fhir")).text for _ in range(4)] == ["api-2"] * 4
        behind["api-1"].ready = True
        await look(front)
        behind["api-2"].ready = False
        await look(front)
        await look(front)
        assert (await client.get("/fhir")).text == "api-1"


async def test_where_one_does_not_take_a_connection_the_next_does() -> None:
    async with fronted() as (_, client, behind):
        await behind["ingest-1"].close()
        assert [(await client.post("/ingest/x", content=b"m")).text for _ in range(4)] == ["ingest-2"] * 4


async def test_a_read_without_an_answer_is_asked_again_and_a_write_is_not() -> None:
    async with fronted() as (_, client, behind):
        for one in behind.values():
            one.silent = True
        behind["api-2"].silent = False
        assert {(await client.get("/fhir/Patient/1")).text for _ in range(4)} == {"api-2"}
        behind["api-2"].silent = True
        said = await client.put("/fhir/Patient/1", content=b"{}")
        assert said.status_code == 502
        assert sum(one.asked.count("PUT /fhir/Patient/1") for one in behind.values()) == 1


async def test_where_nobody_is_there_it_is_said_when_to_come_again() -> None:
    async with fronted() as (_, client, behind):
        for name in ("api-1", "api-2"):
            await behind[name].close()
        said = await client.get("/fhir")
        assert (said.status_code, said.headers["retry-after"]) == (503, "1")


async def held(front: Front) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection of MLLP that has reached somebody."""
    reader, writer = await asyncio.open_connection("127.0.0.1", front.ports[1])
    writer.write(b"\x0bMSH|")
    await writer.drain()
    async with asyncio.timeout(LONG):
        while not any(backend.links for backend in front.mllp):
            await asyncio.sleep(0)
    return reader, writer


async def test_connections_of_who_goes_down_are_cut() -> None:
    async with fronted() as (front, _, behind):
        reader, writer = await held(front)
        for one in behind.values():
            await one.close()
        await look(front)
        async with asyncio.timeout(LONG):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
        writer.close()


async def test_who_is_about_to_stop_gets_nothing_new_and_loses_nothing_until_it_is_gone() -> None:
    async with fronted() as (front, client, behind):
        reader, writer = await held(front)
        (there,) = [backend for backend in front.mllp if backend.links]
        behind[there.name.replace("mllp", "ingest")].ready = False
        behind[there.name.replace("mllp", "ingest")].leaving = True
        for _ in range(5):
            await look(front)
        assert not any(link.transport.is_closing() for link in there.links)
        other = next(name for name in ("ingest-1", "ingest-2") if behind[name].ready)
        assert [(await client.post("/ingest/x", content=b"m")).text for _ in range(4)] == [other] * 4
        await behind[there.name.replace("mllp", "ingest")].close()
        await look(front)
        assert all(link.transport.is_closing() for link in there.links)
        assert await reader.read() == b""
        writer.close()


async def test_mllp_is_cut_one_look_later_than_requests() -> None:
    """All processes ask one database: where it stands still for a moment, senders keep their connections."""
    async with fronted() as (front, _, behind):
        reader, writer = await held(front)
        for one in behind.values():
            one.ready = False
        for up in (True, True, False):
            await look(front)
            assert [backend.up for backend in front.mllp] == [up, up]
        assert not any(backend.up for backend in (*front.ingest, *front.api))
        assert await reader.read() == b""
        writer.close()
