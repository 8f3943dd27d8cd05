"""The body of a request that nobody has signed on for is not read."""

from __future__ import annotations

import asyncio

import pytest

from tests.spec.signon.conftest import Site

pytestmark = pytest.mark.anyio
GIGABYTE = 1_000_000_000
LITTLE = 8_000_000
"""Bytes that both ends of a connection on this machine may hold between them."""


@pytest.mark.parametrize("path", ["/fhir", "/fhir/Patient", "/ingest/hospital", "/itk"])
@pytest.mark.parametrize("framing", ["content-length: 1000000000", "transfer-encoding: chunked"])
async def test_of_a_gigabyte_next_to_nothing_is_taken(path: str, framing: str, site: Site) -> None:
    """The answer is there, the connection ends, and most was never taken."""
    port = int(site.root.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/fhir+json\r\n{framing}\r\n\r\n".encode())
    piece = b"x" * 65_536 if "length" in framing else b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    sent = 0

    async def send() -> None:
        nonlocal sent
        try:
            while sent < GIGABYTE:
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
        except ConnectionError:
            pass

    sending = asyncio.create_task(send())
    try:
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 20)
        assert answer.startswith(b"HTTP/1.1 401 ")
        await asyncio.wait_for(sending, 20)
        assert sent < LITTLE
    finally:
        sending.cancel()
        writer.close()


async def test_a_client_that_waits_to_be_told_sends_nothing(site: Site) -> None:
    """RFC 9110, 10.1.1."""
    port = int(site.root.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /fhir HTTP/1.1\r\nhost: 127.0.0.1\r\nexpect: 100-continue\r\ncontent-length: 1000000000\r\n\r\n")
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n"), 20)).startswith(b"HTTP/1.1 401 ")
    writer.close()
