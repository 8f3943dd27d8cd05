"""Connections: one write for an answer, several requests on one connection, reads that begin at once (RFC 9112)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from interop.api.app import create_app
from interop.api.bounded import HEAD_BYTES, HEADERS, PATIENCE, URL_BYTES
from interop.api.connection import Connection, PromptConnection
from interop.api.server import HttpServer
from interop.api.services import Services
from interop.store.plan import Plan
from interop.store.sqlite import SqliteStore
from tests.spec.api.people import contribute, patient

pytestmark = pytest.mark.anyio

READ = b"GET /fhir/Patient/p1 HTTP/1.1\r\nhost: localhost\r\n\r\n"
LAST = b"GET /fhir/Patient/p1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"


@pytest.fixture(params=[False, True], ids=["tasks", "prompt"])
async def server(request: pytest.FixtureRequest, services: Services, store: SqliteStore) -> AsyncIterator[HttpServer]:
    await contribute(store, patient("p1"))
    server = HttpServer(create_app(services), "127.0.0.1", 0, prompt=request.param)
    await server.start()
    yield server
    await server.stop()


WISHING = (
    b"POST /fhir/Patient HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: h2c\r\n"
    b"content-type: application/fhir+json\r\ncontent-length: 3\r\n\r\n"
)
POSTED = b"POST /fhir/Patient/_search HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n"
TWO = b"GET /fhir/Patient/p1 HTTP/1.1\r\n\r\n" + READ


async def exchange(server: HttpServer, sent: bytes) -> bytes:
    """All that comes back until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


async def test_an_answer_is_one_write(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    kind = PromptConnection if server.prompt else Connection
    made = kind.connection_made

    def watched(self: Connection, transport: Any) -> None:
        watching: Any = _Watched(transport, written)
        made(self, watching)

    monkeypatch.setattr(kind, "connection_made", watched)
    answer = await exchange(server, READ + LAST)
    assert [part[:15] for part in written] == [b"HTTP/1.1 200 OK"] * 2
    assert answer.count(b'"resourceType":"Patient"') == 2


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (READ + READ + LAST, [200, 200, 200]),
        (READ.replace(b"GET", b"HEAD") + LAST, [200, 200]),
        (READ.replace(b"p1", b"nobody") + LAST, [404, 200]),
        (READ.replace(b"/Patient/p1", b"/Patient?name=none") + LAST, [200, 200]),
        (READ.replace(b"\r\n\r\n", b"\r\ncontent-length: 3\r\n\r\nabc") + LAST, [200, 200]),
        (READ.replace(b"host:", b"connection: upgrade\r\nupgrade: h2c\r\nhost:") + READ + LAST, [200, 200, 200]),
        (WISHING + b"abc" + LAST, [400, 200]),
        (b"CONNECT localhost:1 HTTP/1.1\r\nhost: localhost\r\n\r\n", [400]),
        (POSTED + READ * 400 + LAST, [200] * 402),
        (b"GET /fhir/Patient/p1 HTTP/1.0\r\n\r\n", [200]),
        (b"GET /fhir/Patient/p1 HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n", [200]),
    ],
)
async def test_requests_follow_each_other(server: HttpServer, sent: bytes, statuses: list[int]) -> None:
    answer = await exchange(server, sent)
    assert [int(each[:3]) for each in answer.split(b"HTTP/1.1 ")[1:]] == statuses


async def test_a_read_that_has_to_wait_goes_on(server: HttpServer, store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = store.query

    async def later(plan: Plan) -> list[Any]:
        await asyncio.sleep(0.01)
        async with asyncio.timeout(30):
            return await at_once(plan)

    monkeypatch.setattr(store, "query", later)
    answer = await exchange(server, READ + LAST)
    assert answer.count(b"HTTP/1.1 200 OK") == 2


SEARCH = READ.replace(b"/Patient/p1", b"/Patient?_id=p1")
XML = READ.replace(b"host:", b"accept: application/fhir+xml\r\nhost:")
ABSENT = READ.replace(b"p1", b"nobody")
BODY = READ.replace(b"\r\n\r\n", b"\r\ncontent-length: %d\r\n\r\n" % len(READ)) + READ


@pytest.mark.parametrize(
    ("pieces", "statuses"),
    [
        ([READ, READ, SEARCH, ABSENT, READ], [200, 200, 200, 404, 200]),
        ([READ, XML, XML, READ], [200, 200, 200, 200]),
        ([READ, READ[:9], READ[9:], READ], [200, 0, 200, 200]),
        ([READ, READ[:30], READ[30:], READ[:-2], READ[-2:], READ], [200, 0, 200, 0, 200, 200]),
        ([READ, BODY[: -len(READ)], READ, READ], [200, 200, 0, 200]),
        ([READ, READ.replace(b"p1", b"%70%31"), READ.replace(b"/Patient/p1", b"//Patient/p1"), READ], [200, 200, 404, 200]),
        ([READ, READ.replace(b"GET", b"PUT"), READ], [200, 415, 200]),
    ],
    ids=["the same", "others", "in pieces", "in pieces of headers", "a body that looks like one", "encoded", "another method"],
)
async def test_headers_that_come_again_mean_the_same(server: HttpServer, pieces: list[bytes], statuses: list[int]) -> None:
    """Each piece is sent when the one before was answered; 0: there is no answer to it, or it is that of the piece before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    found, forms = [], []
    for piece, status in zip(pieces, statuses, strict=True):
        writer.write(piece)
        if not status:
            await asyncio.sleep(0.01)
            found.append(0)
            continue
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        found.append(int(head[9:12]))
        forms.append((b"xml" in piece, b"fhir+xml" in head))
    writer.close()
    assert found == statuses
    assert all(asked == answered for asked, answered in forms)


async def test_two_requests_are_never_taken_for_one(server: HttpServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for _ in range(2):
        writer.write(TWO)
        for _ in range(2):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
    writer.close()


async def test_what_comes_after_a_body_is_no_header(server: HttpServer) -> None:
    chunks = b"1\r\n{\r\n0\r\ncontent-type: application/fhir+json\r\n\r\n"
    sent = b"POST /fhir/Patient HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n" + chunks
    assert (await exchange(server, sent)).startswith(b"HTTP/1.1 415")


async def test_who_is_silent_is_let_go(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Connection.connection_made

    def impatient(self: Connection, transport: Any) -> None:
        self.timeout_keep_alive = 0.1  # type: ignore[assignment]
        made(self, transport)

    monkeypatch.setattr(Connection, "connection_made", impatient)
    assert (await exchange(server, READ)).startswith(b"HTTP/1.1 200")
    assert (await exchange(server, READ + b"\r\n")).startswith(b"HTTP/1.1 200")
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(READ)
    await reader.readuntil(b"}")
    writer.write(b"\r\n")
    with suppress(ConnectionResetError):  # as a connection is that was let go before the line break came
        await asyncio.wait_for(reader.read(), 30)
    writer.close()


HEAD = b"GET /fhir/Patient/p1 HTTP/1.1\r\nhost: localhost\r\n"
PUT = HEAD.replace(b"GET", b"PUT") + b"content-type: application/fhir+json\r\ncontent-length: 9\r\n\r\n{"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"".join(b"x%d: y\r\n" % each for each in range(HEADERS + 1)) + b"\r\n", 431),
        (HEAD + b"x: " + b"y" * (HEAD_BYTES + 100), 431),
        (b"GET /fhir/Patient?name=" + b"y" * URL_BYTES + b" HTTP/1.1\r\nhost: localhost\r\n\r\n", 414),
        (HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"content-length: 99999999999999999999\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01", 400),
    ],
)
async def test_a_head_beyond_the_limits_is_refused_and_the_connection_closed(server: HttpServer, sent: bytes, status: int) -> None:
    answer = await exchange(server, sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert (await exchange(server, LAST)).count(b"200 OK") == 1


@pytest.mark.parametrize("sent", [b"", b"GET /fh", HEAD, PUT])
async def test_a_request_that_does_not_become_whole_is_given_up(
    server: HttpServer, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = PromptConnection if server.prompt else Connection
    received, come = kind.data_received, 0

    def counted(self: Connection, data: bytes) -> None:
        nonlocal come
        received(self, data)
        come += len(data)

    monkeypatch.setattr(kind, "data_received", counted)
    waiting = asyncio.create_task(exchange(server, sent))
    while not server.connections or come < len(sent):
        await asyncio.sleep(0.001)
    now = asyncio.get_running_loop().time
    server.expire(now() - PATIENCE)
    assert server.connections == 1
    while not waiting.done():
        server.expire(now())
        await asyncio.sleep(0.001)
    assert (await waiting).startswith(b"HTTP/1.1 408 ")
    assert (await exchange(server, LAST)).count(b"200 OK") == 1


async def test_nobody_is_answered_twice(server: HttpServer) -> None:
    """An answer that goes out before the body has come is the only one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(PUT.replace(b"fhir+json", b"octet-stream"))
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    server.expire(asyncio.get_running_loop().time())
    answer += await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert answer.count(b"HTTP/1.1 ") == answer.count(b"HTTP/1.1 415 ") == 1


class _Watched:
    """A transport that notes what is written."""

    def __init__(self, transport: Any, written: list[bytes]) -> None:
        self._transport, self._written = transport, written

    def write(self, data: bytes) -> None:
        self._written.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
