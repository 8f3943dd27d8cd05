"""FHIR R4 Subscriptions by websocket: who binds is told of each event, whatever is cut off or restarted in between."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from interop.app.engine import Engine
from interop.apply.asked import UPDATE, Asked, Author
from interop.policy.asker import TESTER
from tests.spec.engine.running import client, running
from tests.spec.notify.socketing import bound, by_socket, connected
from tests.spec.notify.subscribing import become, encounter, put, states, status, subscribed

pytestmark = pytest.mark.anyio


async def test_who_has_bound_is_pinged_for_each_event(engine: Engine, http: httpx.AsyncClient) -> None:
    id_ = await subscribed(engine, http, by_socket())
    async with connected(engine.http) as socket:
        await bound(socket, id_)
        await put(http, encounter("a", "planned"))
        await put(http, encounter("a"))
        assert await socket.hear() == f"ping {id_}"
        await put(http, encounter("b"))
        assert await socket.hear() == f"ping {id_}"
        await become(engine, "sent", "sent")


async def test_the_address_stands_in_the_capability_statement(engine: Engine, http: httpx.AsyncClient) -> None:
    [rest] = (await http.get("/fhir/metadata")).json()["rest"]
    url = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket"
    assert {"url": url, "valueUri": f"ws://127.0.0.1:{engine.http}/websocket"} in rest["extension"]


async def test_what_happens_while_nobody_is_bound_is_told_to_who_binds_next(engine: Engine, http: httpx.AsyncClient) -> None:
    id_ = await subscribed(engine, http, by_socket())
    await put(http, encounter("a"))
    await put(http, encounter("b"))
    assert await states(engine) == [("a", "pending"), ("b", "pending")]
    async with connected(engine.http) as socket:
        await bound(socket, id_)
        assert [await socket.hear(), await socket.hear()] == [f"ping {id_}"] * 2


async def test_what_a_client_has_not_confirmed_when_it_is_cut_off_is_told_again(engine: Engine, http: httpx.AsyncClient) -> None:
    id_ = await subscribed(engine, http, by_socket())
    async with connected(engine.http) as socket:
        await bound(socket, id_)
        socket.silent = True
        await put(http, encounter("a"))
        assert await socket.hear() == f"ping {id_}"
        await socket.pinged()
        socket.cut()
    assert await states(engine) == [("a", "pending")]
    async with connected(engine.http) as socket:
        await bound(socket, id_)
        assert await socket.hear() == f"ping {id_}"
        await become(engine, "sent")


async def test_a_restart_in_between_loses_nothing_and_ends_the_socket_in_order(tmp_path: Path, place: dict[str, str]) -> None:
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        id_ = await subscribed(engine, http, by_socket())
        async with connected(engine.http) as socket:
            await bound(socket, id_)
            await put(http, encounter("a"))
            assert await socket.hear() == f"ping {id_}"
            await become(engine, "sent")
            stopping = asyncio.create_task(engine.server.stop())
            assert await socket.hear() == ""
            assert socket.closed == 1012  # service restart: come again
            await stopping
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        await put(http, encounter("b"))
        async with connected(engine.http) as socket:
            await bound(socket, id_)
            assert await socket.hear() == f"ping {id_}"
            await become(engine, "sent", "sent")


async def test_who_reads_too_slowly_is_ended_and_told_when_it_comes_again(engine: Engine, http: httpx.AsyncClient) -> None:
    assert engine.outgoing.sockets is not None
    engine.outgoing.sockets.bindings.patience = 0.05
    id_ = await subscribed(engine, http, by_socket())
    async with connected(engine.http) as socket:
        await bound(socket, id_)
        socket.silent = True
        await put(http, encounter("a"))
        assert await socket.hear() == f"ping {id_}"
        assert await socket.hear() == ""
        assert socket.closed == 1008
    engine.outgoing.sockets.bindings.patience = 20
    async with connected(engine.http) as socket:
        await bound(socket, id_)
        assert await socket.hear() == f"ping {id_}"


async def test_one_socket_serves_several_subscriptions_each_in_its_order(engine: Engine, http: httpx.AsyncClient) -> None:
    ids = [await subscribed(engine, http, by_socket(f"Encounter?status={each}")) for each in ("planned", "in-progress")]
    async with connected(engine.http) as socket:
        for id_ in ids:
            await bound(socket, id_)
        await put(http, encounter("a", "planned"))
        assert await socket.hear() == f"ping {ids[0]}"
        await put(http, encounter("a"))
        assert await socket.hear() == f"ping {ids[1]}"
        socket.say(f"unbind {ids[0]}")
        assert await socket.hear() == f"unbound {ids[0]}"


async def test_an_operator_pauses_it_and_lets_it_go_on(engine: Engine, http: httpx.AsyncClient) -> None:
    id_ = await subscribed(engine, http, by_socket())
    assert (await http.post(f"/deliveries/subscription:{id_}/pause")).is_success
    async with connected(engine.http) as socket:
        await bound(socket, id_)
        await put(http, encounter("a"))
        assert await states(engine) == [("a", "pending")]
        assert (await http.post(f"/deliveries/subscription:{id_}/resume")).is_success
        assert await socket.hear() == f"ping {id_}"


async def test_what_its_author_may_not_see_is_withheld_and_pings_nobody(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = Author("", "system", "RA1", "board", "", "system/Location.rs?status=active system/Subscription.crus")
    monkeypatch.setattr("interop.api.door.TESTER", replace(TESTER, client=who.client, organisation=who.organisation))
    asked = {**by_socket("Location"), "id": "s1"}
    await engine.workshop.writes.write(Asked(UPDATE, "Subscription", "s1", resource=asked, author=who, own=True))
    await status(http, "s1", "active")
    async with connected(engine.http) as socket:
        await bound(socket, "s1")
        for id_, said in (("a", "suspended"), ("b", "active")):
            await put(http, {"resourceType": "Location", "mode": "instance", "id": id_, "status": said})
        assert await socket.hear() == "ping s1"
        await become(engine, "withheld", "sent")
