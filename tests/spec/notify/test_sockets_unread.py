"""A client that reads nothing, or says what is no request, harms itself alone: no other client, no news, no stop of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.api.sockets.protocol import SocketProtocol
from interop.app.engine import Engine
from tests.spec.engine.running import running
from tests.spec.notify.socketing import HEAD, KEY, Client, answers, bound, by_socket, connected
from tests.spec.notify.subscribing import subscribed

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    async with running(tmp_path / "data") as engine:
        yield engine


def held(engine: Engine) -> list[SocketProtocol]:
    assert engine.server._server is not None
    return [each for each in engine.server._server.server_state.connections if isinstance(each, SocketProtocol)]


async def fill(engine: Engine, socket: Client) -> None:
    await socket.flood(lambda: any(not each.writable.is_set() for each in held(engine)))


@pytest.mark.parametrize(
    "sent",
    [
        HEAD.replace(b"host: 127.0.0.1", b"host: \xff") + KEY,
        HEAD + KEY + b"sec-websocket-protocol: \xff\r\n",
    ],
)
async def test_a_wish_for_a_socket_that_is_no_request_is_refused_and_leaves_no_connection_behind(
    engine: Engine, sent: bytes
) -> None:
    assert await answers(engine.http, sent + b"\r\n", b"\0") == [400]
    async with asyncio.timeout(20):
        while engine.server.connections:
            await asyncio.sleep(0)
    await engine.server.stop()


async def test_a_client_that_has_closed_and_reads_nothing_keeps_no_other_from_a_stop_in_order(
    engine: Engine, http: httpx.AsyncClient
) -> None:
    async with connected(engine.http, small=True) as stuck, connected(engine.http) as other:
        stuck.say("bind nothing")
        await fill(engine, stuck)
        stuck.close()
        async with asyncio.timeout(20):
            while not any(each.transport.is_closing() for each in held(engine)):
                await asyncio.sleep(0)
        stopping = asyncio.create_task(engine.server.stop(0.5))
        assert await other.hear() == ""
        assert other.closed == 1012
        await stopping


async def test_a_client_that_has_closed_and_reads_nothing_is_cut_off(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interop.api.sockets.protocol.GONE", 0.05)
    async with connected(engine.http, small=True) as stuck:
        await fill(engine, stuck)
        stuck.close()
        async with asyncio.timeout(20):
            while held(engine):
                await asyncio.sleep(0)


async def test_what_a_client_that_reads_nothing_had_is_taken_over_and_nobody_waits_for_it(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.outgoing.sockets is not None
    monkeypatch.setattr("interop.api.sockets.bindings.PARTING", 600.0)
    one, other = [await subscribed(engine, http, by_socket()) for _ in range(2)]
    async with connected(engine.http, small=True) as stuck, connected(engine.http) as next_, connected(engine.http) as third:
        await bound(stuck, one)
        await fill(engine, stuck)
        async with asyncio.timeout(20):  # less than a last word is given
            await bound(next_, one)
            await bound(third, other)
        async with asyncio.timeout(20):
            await engine.outgoing.sockets.bindings.elsewhere([one])


async def test_a_client_that_reads_nothing_is_ended_and_forgotten(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.outgoing.sockets is not None
    monkeypatch.setattr("interop.api.sockets.bindings.ANSWER", 0.05)
    monkeypatch.setattr("interop.api.sockets.protocol.GONE", 0.05)
    id_ = await subscribed(engine, http, by_socket())
    async with connected(engine.http, small=True) as stuck:
        await bound(stuck, id_)
        await fill(engine, stuck)
        stuck.say("bind nothing")
        async with asyncio.timeout(20):
            while held(engine) or engine.outgoing.sockets.bindings.sockets:
                await asyncio.sleep(0)
