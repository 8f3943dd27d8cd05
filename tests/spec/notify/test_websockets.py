"""FHIR R4 Subscriptions by websocket: who binds is told of each event, whatever is cut off or restarted in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.api.signon.limits import Buckets
from interop.api.sockets.binding import Sockets
from interop.api.sockets.protocol import SocketProtocol
from interop.app.engine import Engine
from interop.apply.asked import UPDATE, Asked, Author
from interop.clock import ManualClock
from interop.notify.backoff import DAY
from interop.policy.asker import TESTER
from interop.store.plan import Deliveries
from tests.spec.engine.running import client, running, settings
from tests.spec.notify.socketing import Client, Refused, connected
from tests.spec.notify.test_subscriptions import encounter, put, status, subscribed

pytestmark = pytest.mark.anyio


def by_socket(criteria: str = "Encounter?status=in-progress", **more: Any) -> dict[str, Any]:
    said = {"resourceType": "Subscription", "status": "requested", "reason": "ward board", "criteria": criteria}
    return {**said, "channel": {"type": "websocket"}, **more}


@pytest.fixture
async def engine(tmp_path: Path, place: dict[str, str]) -> AsyncIterator[Engine]:
    async with running(tmp_path / "data", **place) as engine:
        yield engine


@pytest.fixture
async def http(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with client(engine) as http:
        yield http


async def bound(socket: Client, id: str) -> None:
    socket.say(f"bind {id}")
    assert await socket.hear() == f"bound {id}"


async def states(engine: Engine) -> list[tuple[str, str]]:
    return [(each.resource, each.state) for each in await engine.workshop.store.query(Deliveries())]


async def become(engine: Engine, *wanted: str) -> None:
    """Wait until the deliveries stand so."""
    async with asyncio.timeout(20):
        while [state for _, state in await states(engine)] != list(wanted):
            await asyncio.sleep(0.01)


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


async def test_an_operator_pauses_it_and_lets_it_go_on(engine: Engine, http: httpx.AsyncClient) -> None:
    id_ = await subscribed(engine, http, by_socket())
    assert (await http.post(f"/deliveries/subscription:{id_}/pause")).is_success
    async with connected(engine.http) as socket:
        await bound(socket, id_)
        await put(http, encounter("a"))
        assert await states(engine) == [("a", "pending")]
        assert (await http.post(f"/deliveries/subscription:{id_}/resume")).is_success
        assert await socket.hear() == f"ping {id_}"


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
                await bound(socket, id_)
                socket.silent = True
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
            clock.advance(8 * DAY / 1_000_000)
            for minutes in (0, 40, 21):
                clock.advance(60 * minutes)
                assert await states(engine) == [("a", "pending")]
                async with connected(engine.http) as socket:
                    await bound(socket, id_)
                    socket.silent = True
                    assert await socket.hear() == f"ping {id_}"
                    await worker.step()
            await status(http, id_, "error")
    finally:
        await engine.stop()


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
    monkeypatch.setattr("interop.api.sockets.endpoint.QUIET", 0.5)
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


HEAD = b"GET /websocket HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
KEY = b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
READ = b"GET /fhir/Patient/nobody HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"


async def answers(port: int, sent: bytes, until: bytes) -> list[int]:
    """The statuses of what comes back, up to one that holds this."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    came = b""
    async with asyncio.timeout(20):
        while until not in came and (data := await reader.read(65_536)):
            came += data
    writer.close()
    return [int(each[:3]) for each in came.split(b"HTTP/1.1 ")[1:]]


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
