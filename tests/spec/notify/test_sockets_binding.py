"""Websockets: who has a Subscription, and when they have it no more."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from interop.api.sockets.binding import Sockets
from interop.app.engine import Engine
from tests.spec.notify.socketing import bound, by_socket, connected
from tests.spec.notify.subscribing import encounter, put, subscribed

pytestmark = pytest.mark.anyio


async def test_who_binds_last_has_it_and_who_had_it_is_told_so(engine: Engine, http: httpx.AsyncClient) -> None:
    id_ = await subscribed(engine, http, by_socket())
    async with connected(engine.http) as first, connected(engine.http) as second:
        await bound(first, id_)
        await bound(second, id_)
        assert [await first.hear(), await first.hear()] == [f"unbound {id_}", ""]
        await put(http, encounter("a"))
        assert await second.hear() == f"ping {id_}"


async def test_who_comes_back_binds_while_its_old_socket_is_being_ended(engine: Engine, http: httpx.AsyncClient) -> None:
    assert engine.outgoing.sockets is not None
    bindings, id_ = engine.outgoing.sockets.bindings, await subscribed(engine, http, by_socket())
    async with connected(engine.http) as old, connected(engine.http) as new:
        await bound(old, id_)
        bindings._bound[id_].socket.end(1008, "too slow")
        with pytest.raises(OSError):
            await bindings._bound[id_].socket.say("more")
        await bound(new, id_)
        await put(http, encounter("a"))
        assert await new.hear() == f"ping {id_}"


@pytest.mark.parametrize("way", ["off", "deleted"])
async def test_what_is_ended_is_unbound(engine: Engine, http: httpx.AsyncClient, way: str) -> None:
    id_ = await subscribed(engine, http, by_socket())
    async with connected(engine.http) as socket:
        await bound(socket, id_)
        if way == "off":
            await put(http, {**by_socket(status="off"), "id": id_})
        else:
            assert (await http.delete(f"/fhir/Subscription/{id_}")).status_code == 204
        assert await socket.hear() == f"unbound {id_}"
        assert await socket.hear() == ""


async def test_what_cannot_be_bound_is_said_and_harms_no_other(engine: Engine, http: httpx.AsyncClient) -> None:
    id_ = await subscribed(engine, http, by_socket())
    await put(http, {**by_socket(status="off"), "id": "off"})
    async with connected(engine.http) as socket:
        for wrong, why in (("nothing", "not-found"), ("off", "bad-value")):
            socket.say(f"bind {wrong}")
            assert await socket.hear() == f"unbound {wrong} {why}"
        socket.say("hello")
        assert await socket.hear() == "unbound unauthenticated"
        await bound(socket, id_)


async def test_it_is_taken_off_who_has_it_and_not_who_binds_it_meanwhile(engine: Engine, http: httpx.AsyncClient) -> None:
    assert engine.outgoing.sockets is not None
    bindings, id_ = engine.outgoing.sockets.bindings, await subscribed(engine, http, by_socket())
    async with connected(engine.http) as first, connected(engine.http) as second:
        await bound(first, id_)
        had = bindings._bound[id_]
        await bound(second, id_)
        await bindings._take(id_, had)  # who read that first has it no longer, before second bound
        await put(http, encounter("a"))
        assert await second.hear() == f"ping {id_}"


async def test_what_was_written_before_it_was_bound_is_not_bound_as_it_was(engine: Engine, http: httpx.AsyncClient) -> None:
    assert engine.outgoing.sockets is not None
    sockets, id_ = engine.outgoing.sockets, await subscribed(engine, http, by_socket())
    looked = sockets.allowed

    async def slow(*asked: Any) -> Any:
        found = await looked(*asked)
        await put(http, {**by_socket(status="off"), "id": id_})
        return found

    async with connected(engine.http) as socket:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Sockets, "allowed", lambda self, *asked: slow(*asked))
            socket.say(f"bind {id_}")
            told = await socket.hear()  # by the bind itself, or by who heard of the change while it was under way
            assert told in (f"unbound {id_} stale-version", f"unbound {id_}")
        assert not sockets.bindings._bound
