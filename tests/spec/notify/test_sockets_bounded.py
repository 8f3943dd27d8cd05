"""Websockets: who may open one, how many, how long, how silent; a request that asks for one harms no other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from interop.api.signon.limits import Buckets
from interop.api.sockets.protocol import SocketProtocol
from interop.app.engine import Engine
from tests.spec.engine.running import running
from tests.spec.notify.socketing import HEAD, KEY, READ, Refused, answers, bound, by_socket, connected
from tests.spec.notify.subscribing import encounter, put, subscribed

pytestmark = pytest.mark.anyio


async def test_a_page_of_another_site_opens_no_socket(engine: Engine) -> None:
    others = (
        "https://elsewhere.example",
        "null",
        f"http://127.0.0.1:{engine.http + 1}",
        "http://127.0.0.1",
        "http://[",
        "http://a:b",
    )
    for other in others:
        with pytest.raises(Refused) as refused:
            async with connected(engine.http, Origin=other):
                pass
        assert refused.value.status == 403
    async with connected(engine.http, Origin=f"http://127.0.0.1:{engine.http}"):
        pass


@pytest.mark.parametrize("path", ["/fhir/Encounter", "/", "/websocket/more"])
async def test_there_are_websockets_at_one_address_alone(engine: Engine, path: str) -> None:
    with pytest.raises(Refused) as refused:
        async with connected(engine.http, path=path):
            pass
    assert refused.value.status in (200, 404)


async def test_a_message_that_is_too_long_ends_the_socket(engine: Engine) -> None:
    async with connected(engine.http) as socket:
        socket.say("bind " + "x" * 10_000)
        assert await socket.hear() == ""
        assert socket.closed == 1009


async def test_there_are_at_most_so_many_sockets_of_one_client(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interop.api.sockets.bindings.OF_ONE", 1)
    async with connected(engine.http):
        with pytest.raises(Refused) as refused:
            async with connected(engine.http):
                pass
        assert refused.value.status == 429


async def test_who_goes_on_talking_and_binds_nothing_is_ended(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interop.api.sockets.endpoint.SOON", 0.2)
    async with connected(engine.http) as socket:
        while not socket.closed:
            socket.say("x")
            await socket.hear()
        assert socket.closed == 1008


async def test_what_a_client_says_while_it_is_asked_costs_it_nothing(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interop.api.sockets.endpoint.QUIET", 0.1)
    one, other = [await subscribed(engine, http, by_socket()) for _ in range(2)]
    async with connected(engine.http) as socket:
        await bound(socket, one)
        socket.crosses = f"bind {other}"
        await socket.pinged()
        assert await socket.hear() == f"bound {other}"


async def test_a_client_that_binds_in_a_loop_is_throttled(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.outgoing.sockets is not None
    engine.outgoing.sockets.bindings._binds = Buckets(0.001, 1)
    one, other = [await subscribed(engine, http, by_socket()) for _ in range(2)]
    async with connected(engine.http) as socket:
        for _ in range(2):  # what is bound is not bound anew
            await bound(socket, one)
        socket.say(f"bind {other}")
        assert await socket.hear() == f"unbound {other} throttled"


async def test_a_process_that_is_about_to_end_takes_no_socket_more(engine: Engine) -> None:
    assert engine.outgoing.sockets is not None
    engine.outgoing.sockets.bindings.leave()
    with pytest.raises(Refused) as refused:
        async with connected(engine.http):
            pass
    assert refused.value.status == 503


async def test_who_binds_nothing_is_ended(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interop.api.sockets.endpoint.SOON", 0.02)
    async with connected(engine.http) as socket:
        assert await socket.hear() == ""
        assert socket.closed == 1008


@pytest.mark.parametrize("silent", [False, True])
async def test_who_is_quiet_is_asked_whether_they_are_there(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    monkeypatch.setattr("interop.api.sockets.endpoint.QUIET", 0.1)
    if silent:
        monkeypatch.setattr("interop.api.sockets.endpoint.PONG", 0.1)
    id_ = await subscribed(engine, http, by_socket())
    async with connected(engine.http) as socket:
        await bound(socket, id_)
        socket.silent = silent
        if silent:
            assert await socket.hear() == ""
            assert socket.closed == 1008
        else:
            await socket.pinged()
            await put(http, encounter("a"))
            assert await socket.hear() == f"ping {id_}"


async def test_who_reads_nothing_is_answered_no_pings_that_would_have_to_be_kept(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, connected(engine.http) as socket:
        assert engine.server._server is not None
        [held] = [each for each in engine.server._server.server_state.connections if isinstance(each, SocketProtocol)]
        for full, pongs in ((True, 0), (False, 1)):
            if full:
                held.pause_writing()  # as the transport does once its buffer is full
            socket.ping()
            socket.say("hello")
            async with asyncio.timeout(20):
                while full and not held.queue.qsize() and not held.read_paused:
                    await asyncio.sleep(0)
            held.resume_writing()
            assert await socket.hear() == "unbound unauthenticated"
            assert socket.pongs == pongs


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (HEAD + KEY + b"\r\n", [101]),
        (READ + HEAD + KEY + b"\r\n", [404]),  # what was asked before is answered first; the wish is passed over
        (HEAD + b"\r\n", [400]),
        (HEAD + KEY + b"\r\n\x81\x85....early", [400]),
        (HEAD.replace(b"websocket\r\n", b"h2c\r\n") + b"\r\n" + READ, [404, 404]),
        (HEAD.replace(b"GET", b"POST") + b"content-length: 3\r\n\r\nabc" + READ, [404, 404]),
        (HEAD.replace(b" HTTP/1.1", b"/../fhir HTTP/1.1") + KEY + b"\r\n", [404]),
        (HEAD + KEY.replace(b"13", b"12") + b"\r\n", [400]),
    ],
)
async def test_a_wish_for_a_websocket_is_heeded_where_it_is_one_and_harms_no_other_request(
    tmp_path: Path, sent: bytes, statuses: list[int]
) -> None:
    async with running(tmp_path / "data") as engine:
        until = b"101" if statuses == [101] else b"\0"
        sent = sent if statuses == [101] else sent + READ.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
        assert (await answers(engine.http, sent, until))[: len(statuses)] == statuses
