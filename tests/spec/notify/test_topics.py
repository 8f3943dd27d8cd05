"""Subscriptions by topic (Subscriptions R5 Backport 1.1, R4): handshake, numbered events, what they hold, asking for them again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from interop.app.engine import Engine
from interop.apply.asked import UPDATE, Asked, Author
from interop.clock import ManualClock
from interop.fhir.validation import check
from interop.notify.topics import Topic
from interop.store.plan import Deliveries
from tests.spec.engine.running import client, running, settings
from tests.spec.notify.receiving import Receiver, receiving
from tests.spec.notify.socketing import connected
from tests.spec.notify.subscribing import JSON, become, encounter, put, status, subscribed

pytestmark = pytest.mark.anyio
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
ADMITTED = "urn:interop:topic:encounter-admitted"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


def by_topic(url: str = "", content: str = "full-resource", *filters: str, topic: str = ADMITTED, **seconds: int) -> dict[str, Any]:
    """A Subscription by rest-hook, or by websocket where there is no URL."""
    channel: dict[str, Any] = {"type": "rest-hook" if url else "websocket", "payload": JSON}
    if url:
        channel["endpoint"] = url
    channel["_payload"] = {"extension": [{"url": f"{BACKPORT}backport-payload-content", "valueCode": content}]}
    if seconds:
        channel["extension"] = [
            {"url": f"{BACKPORT}backport-{name.replace('_', '-')}", "valueUnsignedInt": value} for name, value in seconds.items()
        ]
    said = {"resourceType": "Subscription", "status": "requested", "reason": "x", "criteria": topic, "channel": channel}
    if filters:
        narrowed = [{"url": f"{BACKPORT}backport-filter-criteria", "valueString": each} for each in filters]
        said["_criteria"] = {"extension": narrowed}
    return said


def parameters(resource: dict[str, Any]) -> dict[str, Any]:
    """The status: name -> value; events as (number, focus)."""
    found: dict[str, Any] = {"events": []}
    for each in resource["parameter"]:
        if each["name"] == "notification-event":
            parts = {part["name"]: part for part in each["part"]}
            focus = parts.get("focus", {}).get("valueReference", {}).get("reference", "")
            found["events"].append((parts["event-number"]["valueString"], focus))
        else:
            found[each["name"]] = next(value for name, value in each.items() if name.startswith("value"))
    return found


def told(bundle: dict[str, Any]) -> dict[str, Any]:
    """The status of a notification, which is R4."""
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "history")
    assert not [each for each in check(bundle) if each.severity == "error"]
    assert all({"request", "response", "fullUrl"} <= set(entry) for entry in bundle["entry"])
    first = bundle["entry"][0]["resource"]
    assert first["meta"]["profile"] == [f"{BACKPORT}backport-subscription-status-r4"]
    return parameters(first)


async def test_an_endpoint_is_active_once_it_has_taken_the_handshake(
    engine: Engine, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    id_ = await subscribed(engine, http, by_topic(receiver.url))
    [got] = receiver.got
    assert (got.method, got.path, got.headers["content-type"]) == ("POST", "/in", JSON)
    said = told(got.json)
    assert (said["type"], said["events-since-subscription-start"], said["events"]) == ("handshake", "0", [])
    assert said["subscription"] == {"reference": f"Subscription/{id_}"}


async def test_who_refuses_the_handshake_is_in_error(engine: Engine, http: httpx.AsyncClient, receiver: Receiver) -> None:
    receiver.answers = [404]
    await subscribed(engine, http, by_topic(receiver.url), "error")


async def test_an_event_is_told_once_with_its_number_and_the_resource(
    engine: Engine, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribed(engine, http, by_topic(receiver.url))
    await put(http, encounter("a", "planned"))
    await put(http, encounter("a"))
    await put(http, {**encounter("a"), "priority": {"text": "urgent"}})  # still admitted: nothing new
    await put(http, encounter("a", "finished"))
    await put(http, encounter("a"))  # admitted anew
    await put(http, encounter("b"))
    got = (await receiver.until(4))[1:]
    assert [told(each.json)["events"] for each in got] == [
        [("1", "Encounter/a")],
        [("2", "Encounter/a")],
        [("3", "Encounter/b")],
    ]
    entry = got[0].json["entry"][1]
    assert entry["resource"] == (await http.get("/fhir/Encounter/a/_history/2")).json()
    assert (entry["request"]["method"], entry["response"]["etag"]) == ("PUT", 'W/"2"')
    assert told(got[0].json)["topic"] == ADMITTED


async def test_how_much_is_told_is_as_asked_for(engine: Engine, http: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribed(engine, http, by_topic(receiver.url, "empty"))
    await subscribed(engine, http, by_topic(receiver.url, "id-only"))
    await put(http, encounter("a"))
    got = {len(each.json["entry"]): each.json for each in (await receiver.until(4))[2:]}
    empty = told(got[1])
    assert (empty["events"], "topic" in empty, b"Encounter" in orjson.dumps(got[1])) == ([("1", "")], False, False)
    assert told(got[2])["events"] == [("1", "Encounter/a")]
    assert "resource" not in got[2]["entry"][1]


async def test_it_is_told_in_xml_where_that_is_asked_for(engine: Engine, http: httpx.AsyncClient, receiver: Receiver) -> None:
    said = by_topic(receiver.url)
    said["channel"]["payload"] = "application/fhir+xml"
    await subscribed(engine, http, said)
    await put(http, encounter("a"))
    got = await receiver.until(2)
    assert [each.headers["content-type"] for each in got] == ["application/fhir+xml"] * 2
    assert b'<type value="history"/>' in got[1].body
    assert b"<Encounter" in got[1].body


async def test_filters_narrow_it_all_of_them(engine: Engine, http: httpx.AsyncClient, receiver: Receiver) -> None:
    for id_ in ("p", "q"):
        await put(http, {"resourceType": "Patient", "id": id_})
    await subscribed(engine, http, by_topic(receiver.url, "id-only", "Encounter?patient=Patient/p", "Encounter?class=IMP"))
    await put(http, {**encounter("a"), "subject": {"reference": "Patient/q"}})
    await put(http, {**encounter("b"), "subject": {"reference": "Patient/p"}})
    got = await receiver.until(2)
    assert told(got[1].json)["events"] == [("1", "Encounter/b")]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (by_topic(topic="urn:interop:topic:nothing"), "no such topic"),
        (by_topic("", "all"), "backport-payload-content"),
        (by_topic("", "empty", "Encounter?status=planned"), "not narrowed by status, but by class"),
        (by_topic("", "empty", "Patient?_id=x"), "a filter is Encounter?"),
        (by_topic("", "empty", "Encounter?patient.name=x"), "chains"),
        (by_topic(heartbeat_period=1), "heartbeat-period is from 10"),
        (by_topic("https://example.org/in", timeout=300), "timeout is from 1 to 60"),
        ({**by_topic(), "channel": {"type": "websocket"}}, "backport-payload-content"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_the_reason(tmp_path: Path, said: dict[str, Any], why: str) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        answer = await http.post("/fhir/Subscription", json=said, headers={"content-type": JSON})
        assert answer.status_code == 422, answer.text
        assert why.lower() in answer.text.lower()


async def test_topics_stand_in_the_capability_statement(engine: Engine, http: httpx.AsyncClient) -> None:
    [rest] = (await http.get("/fhir/metadata")).json()["rest"]
    [described] = [each for each in rest["resource"] if each["type"] == "Subscription"]
    url = f"{BACKPORT}capabilitystatement-subscriptiontopic-canonical"
    assert {"url": url, "valueCanonical": ADMITTED} in described["extension"]
    assert {"status", "events", "get-ws-binding-token"} <= {each["name"] for each in described["operation"]}


async def test_numbers_go_on_across_restarts_without_a_gap_or_a_repeat(
    tmp_path: Path, place: dict[str, str], receiver: Receiver
) -> None:
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        await subscribed(engine, http, by_topic(receiver.url, "id-only"))
        await put(http, encounter("a"))
        await receiver.until(2)
        await become(engine, "sent", "sent")
        receiver.answers = [503]
        await put(http, encounter("b"))
        await receiver.until(3)
    receiver.answers = [200]
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        await put(http, encounter("c"))
        async with asyncio.timeout(20):
            while told(receiver.got[-1].json)["events"] != [("3", "Encounter/c")]:
                await receiver.until(len(receiver.got) + 1)
        events = [told(each.json)["events"] for each in receiver.got[1:]]
        assert list(dict.fromkeys(each[0] for each in events)) == [("1", "Encounter/a"), ("2", "Encounter/b"), ("3", "Encounter/c")]
        again = [each.headers["idempotency-key"] for each in receiver.got if told(each.json)["events"] == [("2", "Encounter/b")]]
        assert len(again) >= 2
        assert len(set(again)) == 1


async def test_events_are_given_again_by_their_numbers(engine: Engine, http: httpx.AsyncClient, receiver: Receiver) -> None:
    id_ = await subscribed(engine, http, by_topic(receiver.url, "id-only"))
    for each in "abc":
        await put(http, encounter(each))
    await receiver.until(4)
    asked = await http.get(f"/fhir/Subscription/{id_}/$events?eventsSinceNumber=2&eventsUntilNumber=3&content=full-resource")
    said = told(asked.json())
    assert (said["type"], said["events-since-subscription-start"]) == ("query-event", "3")
    assert [number for number, _ in said["events"]] == ["2", "3"]
    assert [entry["resource"]["id"] for entry in asked.json()["entry"][1:]] == ["b", "c"]
    posted = {"resourceType": "Parameters", "parameter": [{"name": "eventsSinceNumber", "valueString": "3"}]}
    answer = await http.post(f"/fhir/Subscription/{id_}/$events", json=posted, headers={"content-type": JSON})
    assert [number for number, _ in told(answer.json())["events"]] == ["3"]
    assert "resource" not in answer.json()["entry"][1]
    assert (await http.get(f"/fhir/Subscription/{id_}/$events?eventsSinceNumber=x")).status_code == 400
    assert (await http.get("/fhir/Subscription/nothing/$events")).status_code == 404


async def test_how_they_stand_is_told_of_one_or_of_all(engine: Engine, http: httpx.AsyncClient, receiver: Receiver) -> None:
    id_ = await subscribed(engine, http, by_topic(receiver.url))
    off = await put(http, {**by_topic(receiver.url), "id": "s2", "status": "off"})
    assert off.json()["status"] == "off"
    await put(http, encounter("a"))
    await receiver.until(2)
    [entry] = (await http.get(f"/fhir/Subscription/{id_}/$status")).json()["entry"]
    said = parameters(entry["resource"])
    assert (said["type"], said["status"], said["events-since-subscription-start"]) == ("query-status", "active", "1")
    found = (await http.get("/fhir/Subscription/$status?status=off")).json()
    assert found["type"] == "searchset"
    [entry] = found["entry"]
    assert parameters(entry["resource"])["subscription"] == {"reference": f"{http.base_url}/fhir/Subscription/s2"}
    assert len((await http.get(f"/fhir/Subscription/$status?id={id_}&id=s2")).json()["entry"]) == 2


async def test_a_heartbeat_is_told_when_nothing_else_is(tmp_path: Path, receiver: Receiver) -> None:
    clock = ManualClock()
    engine = await Engine.start(settings(tmp_path / "data"), clock)
    try:
        async with client(engine) as http:
            id_ = await subscribed(engine, http, by_topic(receiver.url, heartbeat_period=60))
            worker = engine.outgoing.deliverer.workers[f"subscription:{id_}"]
            await put(http, encounter("a"))
            await receiver.until(2)
            await become(engine, "sent", "sent")
            await worker._working.stop()  # from here on this test takes its steps, and nobody beside it
            before = await worker.step()
            assert 0 < before <= 60
            clock.advance(61)
            await worker.step()
            got = await receiver.until(3)
            said = told(got[2].json)
            assert (said["type"], said["events-since-subscription-start"], said["events"]) == ("heartbeat", "1", [])
            assert len(receiver.got) == 3
    finally:
        await engine.stop()


async def test_what_may_not_be_seen_has_no_number_so_that_nobody_can_count_it(
    engine: Engine, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    wards = Topic("w", "urn:example:wards", "Location", frozenset(("created", "updated")), None, frozenset())
    engine.outgoing.subscriptions.topics = {wards.url: wards}
    who = Author("", "system", "RA1", "theirs", "", "system/Location.rs?status=active system/Subscription.crus")
    asked = {**by_topic(receiver.url, "id-only", topic=wards.url), "id": "s1"}
    await engine.workshop.writes.write(Asked(UPDATE, "Subscription", "s1", resource=asked, author=who, own=True))
    await status(http, "s1", "active")
    for id_, said in (("a", "active"), ("b", "suspended"), ("c", "active")):
        await put(http, {"resourceType": "Location", "mode": "instance", "id": id_, "status": said})
    got = await receiver.until(3)
    assert [told(each.json)["events"] for each in got[1:]] == [[("1", "Location/a")], [("2", "Location/c")]]
    assert {each.resource: each.state for each in await engine.workshop.store.query(Deliveries())}["b"] == "withheld"


async def test_over_a_websocket_notifications_come_as_they_are(engine: Engine, http: httpx.AsyncClient) -> None:
    id_ = await subscribed(engine, http, by_topic())
    async with connected(engine.http) as socket:
        socket.say(f"bind {id_}")
        assert await socket.hear() == f"bound {id_}"
        assert told(await socket.told())["type"] == "handshake"
        await put(http, encounter("a"))
        assert told(await socket.told())["events"] == [("1", "Encounter/a")]
        socket.cut()
    await put(http, encounter("b"))
    async with connected(engine.http) as socket:
        socket.say(f"bind {id_}")
        assert await socket.hear() == f"bound {id_}"
        assert told(await socket.told())["events-since-subscription-start"] == "1"
        assert told(await socket.told())["events"] == [("2", "Encounter/b")]


@pytest.mark.parametrize("form", ["text", "json"])
async def test_a_token_binds_what_it_was_given_for(engine: Engine, http: httpx.AsyncClient, form: str) -> None:
    ids = [await subscribed(engine, http, by_topic()) for _ in range(2)]
    answer = await http.get(f"/fhir/Subscription/$get-ws-binding-token?id={ids[0]}&id={ids[1]}")
    said = {each["name"]: each for each in answer.json()["parameter"]}
    assert said["websocket-url"]["valueUrl"] == f"ws://127.0.0.1:{engine.http}/websocket"
    token = said["token"]["valueString"]
    message = {"type": "bind-with-token", "payload": {"token": token}}
    async with connected(engine.http) as socket:
        socket.say(f"bind-with-token {token}" if form == "text" else orjson.dumps(message).decode())
        shakes = [told(await socket.told()) for _ in ids]
        assert [each["subscription"]["reference"] for each in shakes] == [f"Subscription/{id_}" for id_ in ids]
        socket.say("bind-with-token nonsense")
        assert (await socket.told())["resourceType"] == "OperationOutcome"


async def test_a_token_is_of_websockets_alone_and_ends(tmp_path: Path, receiver: Receiver) -> None:
    clock = ManualClock()
    engine = await Engine.start(settings(tmp_path / "data"), clock)
    try:
        async with client(engine) as http:
            hook, id_ = await subscribed(engine, http, by_topic(receiver.url)), await subscribed(engine, http, by_topic())
            assert (await http.get(f"/fhir/Subscription/{hook}/$get-ws-binding-token")).status_code == 422
            answer = await http.get(f"/fhir/Subscription/{id_}/$get-ws-binding-token")
            token = answer.json()["parameter"][0]["valueString"]
            clock.advance(301)
            async with connected(engine.http) as socket:
                socket.say(f"bind-with-token {token}")
                assert (await socket.told())["issue"][0]["code"] == "login"
    finally:
        await engine.stop()
