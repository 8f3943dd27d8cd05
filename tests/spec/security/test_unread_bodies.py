"""Who may not send is told so before a byte of the body is read, and what is not read is not drained either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from interop.api.bounded import BoundedConnection
from interop.app.engine import Engine
from tests.spec.engine.running import journal, running

pytestmark = pytest.mark.anyio
GIGABYTE = 1_000_000_000
LITTLE = 512 * 1024
"""Bytes: more than any piece that the loop hands over at once, and two of them."""
BUFFERED = 8_000_000
"""Bytes that both ends of a connection on this machine may hold between them."""
ADDRESSES = (
    "/fhir/Patient",
    "/fhir",
    "/ingest/hl7v2",
    "/itk",
    "/itk3/$process-message",
    "/bars/$process-message",
    "/fhir/Patient/_search",
)
FRAMINGS = {
    "length": (f"content-length: {GIGABYTE}", b"x" * 65_536),
    "chunked": ("transfer-encoding: chunked", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
}
"""How a body is framed, told beforehand how long it is or not: the header, and a piece of it as it is sent."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    async with running(tmp_path / "data", open=False) as engine:
        yield engine


@pytest.fixture
def came(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of each piece that came to the server."""
    pieces: list[int] = []
    taken = BoundedConnection.data_received

    def counting(self: Any, data: bytes) -> None:
        pieces.append(len(data))
        taken(self, data)

    monkeypatch.setattr(BoundedConnection, "data_received", counting)
    return pieces


async def pour(port: int, head: bytes, piece: bytes) -> tuple[bytes, int]:
    """Send a head and then a body of a gigabyte for as long as it is taken; the answer, and how much could be sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    sent = 0

    async def send() -> None:
        nonlocal sent
        try:
            while sent < GIGABYTE:
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
        except ConnectionError:
            return

    answer = b""
    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(30):
            with suppress(ConnectionResetError):  # so it ends where this process stands still for longer than the server lingers
                while part := await reader.read(1 << 16):
                    answer += part
    finally:
        await asyncio.wait_for(sending, 30)
        writer.close()
    return answer, sent


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("framing", FRAMINGS)
async def test_a_post_of_a_gigabyte_by_nobody_reads_next_to_nothing(
    framing: str, address: str, engine: Engine, came: list[int]
) -> None:
    """401, and the connection ends; what was on its way in the kernels' buffers is dropped unread."""
    header, piece = FRAMINGS[framing]
    head = f"POST {address} HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/xml\r\n{header}\r\n\r\n"
    answer, sent = await pour(engine.http, head.encode(), piece)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nconnection: close\r\n" in answer
    assert sum(came) <= LITTLE
    assert sent < BUFFERED
    assert await journal(engine) == []


@pytest.mark.parametrize("address", ["/fhir", "/itk"])
async def test_who_asks_first_is_not_told_to_go_on(address: str, engine: Engine) -> None:
    """``Expect: 100-continue``: 401 and no 100 (RFC 9110, 10.1.1)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", engine.http)
    head = f"POST {address} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {GIGABYTE}\r\n\r\n"
    writer.write(head.encode())
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"100 Continue" not in answer


async def test_a_body_that_is_little_is_passed_over_and_the_connection_used_again(engine: Engine) -> None:
    """A client's pool need not connect anew for each token that has ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", engine.http)
    writer.write(b"POST /fhir/Patient HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10000\r\n\r\n")
    first = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    assert first.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" not in first
    writer.write(b"x" * 10_000 + b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
    rest = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert b"HTTP/1.1 200 OK" in rest
