"""Websockets: how long what nobody takes waits, by the clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.app.engine import Engine
from interop.clock import ManualClock
from interop.notify.backoff import DAY
from tests.spec.engine.running import client, settings
from tests.spec.notify.socketing import bound, by_socket, connected
from tests.spec.notify.subscribing import become, encounter, put, states, status, subscribed

pytestmark = pytest.mark.anyio


async def test_it_is_in_error_when_nobody_has_come_for_seven_days(tmp_path: Path) -> None:
    clock = ManualClock()
    engine = await Engine.start(settings(tmp_path / "data"), clock)
    try:
        async with client(engine) as http:
            id_ = await subscribed(engine, http, by_socket())
            await put(http, encounter("a"))
            clock.advance(6 * DAY / 1_000_000)
            worker = engine.outgoing.deliverer.workers[f"subscription:{id_}"]
            await worker.step()
            assert await states(engine) == [("a", "pending")]
            await put(http, encounter("b"))
            clock.advance(1.1 * DAY / 1_000_000)
            await worker.step()
            found = await status(http, id_, "error")
            assert "cannot be reached" in found["error"]
            assert [state for _, state in await states(engine)] == ["shelved", "shelved"]
            async with connected(engine.http) as socket:
                socket.say(f"bind {id_}")
                assert await socket.hear() == f"unbound {id_} bad-value"
    finally:
        await engine.stop()


async def test_who_comes_at_the_last_moment_is_told_all_that_has_waited(tmp_path: Path) -> None:
    clock = ManualClock()
    engine = await Engine.start(settings(tmp_path / "data"), clock)
    try:
        async with client(engine) as http:
            id_ = await subscribed(engine, http, by_socket())
            await put(http, encounter("a"))
            await put(http, encounter("b"))
            worker = engine.outgoing.deliverer.workers[f"subscription:{id_}"]
            await worker.step()
            clock.advance(7 * DAY / 1_000_000 - 1)
            await worker.step()
            async with connected(engine.http) as socket:
                socket.silent = True
                await bound(socket, id_)
                assert await socket.hear() == f"ping {id_}"
                await socket.pinged()
                clock.advance(2)
                await worker.step()
                socket.cut()
            assert await states(engine) == [("a", "pending"), ("b", "pending")]
            async with connected(engine.http) as socket:
                await bound(socket, id_)
                assert [await socket.hear(), await socket.hear()] == [f"ping {id_}"] * 2
                await become(engine, "sent", "sent")
    finally:
        await engine.stop()


async def test_who_comes_and_never_takes_what_is_too_old_is_in_error_an_hour_later(tmp_path: Path) -> None:
    clock = ManualClock()
    engine = await Engine.start(settings(tmp_path / "data"), clock)
    try:
        async with client(engine) as http:
            id_ = await subscribed(engine, http, by_socket())
            await put(http, encounter("a"))
            worker = engine.outgoing.deliverer.workers[f"subscription:{id_}"]
            await worker.step()  # it has seen what waits before anybody came
            clock.advance(8 * DAY / 1_000_000)
            for minutes in (0, 40, 21):
                clock.advance(60 * minutes)
                assert await states(engine) == [("a", "pending")]
                async with connected(engine.http) as socket:
                    socket.silent = True  # what waits may come along with the answer
                    await bound(socket, id_)
                    assert await socket.hear() == f"ping {id_}"
                    await worker.step()
            await status(http, id_, "error")
    finally:
        await engine.stop()
