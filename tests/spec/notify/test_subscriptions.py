"""FHIR R4 Subscriptions by rest-hook: what matches is told once it is committed, to whoever may see it, while they want it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult

import httpx
import pytest

from interop.api.delivering import addresses
from interop.app.engine import Engine
from interop.apply.asked import UPDATE, Asked, Author
from interop.store.plan import Deliveries
from tests.spec.engine.running import client, running
from tests.spec.notify.receiving import Receiver, receiving
from tests.spec.notify.subscribing import JSON, encounter, put, status, subscribed, subscription

pytestmark = pytest.mark.anyio


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def test_what_matches_is_told_and_what_does_not_is_not(engine: Engine, http: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribed(engine, http, subscription(receiver.url))
    await put(http, encounter("a", "planned"))
    await put(http, encounter("b"))
    await put(http, encounter("a"))
    await put(http, encounter("a", "finished"))
    got = await receiver.until(2)
    assert [(each.method, each.path) for each in got] == [("PUT", "/in/Encounter/b"), ("PUT", "/in/Encounter/a")]
    assert got[1].body == (await http.get("/fhir/Encounter/a/_history/2")).content
    assert got[1].headers["content-type"] == JSON
    assert len(await engine.workshop.store.query(Deliveries())) == 2


async def test_without_payload_it_is_told_that_there_is_something(
    engine: Engine, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribed(
        engine, http, subscription(receiver.url, "Encounter", payload=None, header=["Authorization: Bearer their-own"])
    )
    await put(http, encounter("a"))
    [got] = await receiver.until(1)
    assert (got.method, got.path, got.body, got.headers["authorization"]) == ("POST", "/in", b"", "Bearer their-own")
    assert "content-type" not in got.headers


SECRET = "Authorization: Bearer their-own"


async def test_headers_are_given_to_nobody_who_reads(engine: Engine, http: httpx.AsyncClient, receiver: Receiver) -> None:
    said = subscription(receiver.url, "Encounter", header=[SECRET, "X-For: ward"])
    answer = await http.post("/fhir/Subscription", json=said, headers={"content-type": JSON})
    id_ = answer.json()["id"]
    await status(http, id_, "active")
    bundle = {"resourceType": "Bundle", "type": "batch"}
    bundle["entry"] = [{"request": {"method": "GET", "url": f"Subscription/{id_}"}}]  # type: ignore[assignment]
    given = [answer, await http.post("/fhir", json=bundle, headers={"content-type": JSON})]
    ways = (f"/{id_}", f"/{id_}/_history/1", f"/{id_}/_history", "/_history", "", f"?_id={id_}", f"/{id_}?_elements=channel")
    given += [await http.get(f"/fhir/Subscription{way}") for way in (*ways, f"/{id_}?_format=xml")]
    for each in given:
        assert each.is_success
        assert "Authorization: ***" in each.text
        assert not any(secret in each.text for secret in ("their-own", "ward"))


@pytest.mark.parametrize("way", ["update", "transaction", "patch"])
async def test_headers_that_come_back_masked_are_those_that_are_kept(
    engine: Engine, http: httpx.AsyncClient, receiver: Receiver, way: str
) -> None:
    id_ = await subscribed(engine, http, subscription(receiver.url, "Encounter", header=[SECRET]))
    found = (await http.get(f"/fhir/Subscription/{id_}")).json()
    again = {
        **found,
        "status": "requested",
        "reason": "other",
        "channel": {**found["channel"], "header": ["X: 1", *found["channel"]["header"]]},
    }
    if way == "update":
        assert "their-own" not in (await put(http, again)).text
    elif way == "transaction":
        bundle = {"resourceType": "Bundle", "type": "transaction"}
        bundle["entry"] = [{"resource": again, "request": {"method": "PUT", "url": f"Subscription/{id_}"}}]  # type: ignore[assignment]
        assert (await http.post("/fhir", json=bundle, headers={"content-type": JSON})).status_code == 200
    else:
        said = [
            {"op": "add", "path": "/channel/header/0", "value": "X: 1"},
            {"op": "replace", "path": "/status", "value": "requested"},
        ]
        answer = await http.patch(f"/fhir/Subscription/{id_}", json=said, headers={"content-type": "application/json-patch+json"})
        assert answer.status_code == 200
        assert "their-own" not in answer.text
    await status(http, id_, "active")
    await put(http, encounter("a"))
    [got] = await receiver.until(1)
    assert (got.headers["x"], got.headers["authorization"]) == ("1", "Bearer their-own")


async def test_what_is_kept_for_an_endpoint_is_told_to_no_other_and_copied_nowhere(
    engine: Engine, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    id_ = await subscribed(engine, http, subscription(receiver.url, "Encounter", header=[SECRET]))
    found = {**(await http.get(f"/fhir/Subscription/{id_}")).json(), "status": "requested"}
    for channel in (
        {"endpoint": f"{receiver.url}/other"},
        {"header": ["Authorization: ***", "Authorization: ***"]},
        {"header": ["X: ***"]},
    ):
        moved = {**found, "channel": {**found["channel"], **channel}}
        answer = await http.put(f"/fhir/Subscription/{id_}", json=moved, headers={"content-type": JSON})
        assert answer.status_code == 422
        assert "kept for this endpoint" in answer.text
    new = {name: value for name, value in found.items() if name != "id"}
    assert (await http.post("/fhir/Subscription", json=new, headers={"content-type": JSON})).status_code == 422
    copied = [{"op": "copy", "from": "/channel/header/0", "path": "/reason"}, {"op": "replace", "path": "/status", "value": "off"}]
    patched = {"content-type": "application/json-patch+json"}
    assert (await http.patch(f"/fhir/Subscription/{id_}", json=copied, headers=patched)).json()["reason"] == "Authorization: ***"


async def test_it_is_told_in_xml_where_that_is_asked_for(engine: Engine, http: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribed(engine, http, subscription(receiver.url, payload="application/fhir+xml"))
    await put(http, encounter("a"))
    [got] = await receiver.until(1)
    assert got.headers["content-type"] == "application/fhir+xml"
    assert b'<Encounter xmlns="http://hl7.org/fhir">' in got.body


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"criteria": "Encounter?patient.name=x"}, "chains"),
        ({"criteria": "Encounter?nothing=x"}, "nothing"),
        ({"criteria": "Nothing?status=x"}, "TYPE?criteria"),
        ({"criteria": "Patient?address-postalcode=AB1"}, "where somebody is"),
        ({"criteria": "Encounter?date=ap2026-01-01"}, "ap of a date"),
        ({"criteria": "Observation?code:in=http://example.org/v"}, "value sets"),
        ({"type": "email"}, "rest-hook or websocket"),
        ({"type": "websocket"}, "neither endpoint nor header"),
        ({"endpoint": "http://example.org/in"}, "https://"),
        ({"endpoint": "https://10.0.0.1/in"}, "private"),
        ({"endpoint": "https://[::ffff:192.168.0.1]/in"}, "private"),
        ({"endpoint": "https://169.254.169.254/latest"}, "private"),
        ({"endpoint": "ftp://localhost/in"}, "https://"),
        ({"endpoint": "https://user:secret@example.org/in"}, "without user"),
        ({"payload": "text/plain"}, "fhir+json"),
        ({"header": ["Host: elsewhere"]}, "Name: value"),
        ({"header": ["X: y\r\nHost: elsewhere"]}, ""),
        ({"status": "active"}, "requested or off"),
        ({"end": "2020-01-01T00:00:00Z"}, "over"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_the_reason(tmp_path: Path, said: dict[str, Any], why: str) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        resource = subscription("https://example.org/in")
        for name, value in said.items():
            (resource if name in ("criteria", "status", "end") else resource["channel"])[name] = value
        answer = await http.post("/fhir/Subscription", json=resource, headers={"content-type": JSON})
        assert answer.status_code == 422, answer.text
        assert why.lower() in answer.text.lower()
        bundle = {"resourceType": "Bundle", "type": "transaction"}
        bundle["entry"] = [{"resource": resource, "request": {"method": "POST", "url": "Subscription"}}]  # type: ignore[assignment]
        assert (await http.post("/fhir", json=bundle, headers={"content-type": JSON})).status_code == 422


async def test_who_refuses_what_is_sent_is_in_error_until_asked_for_again(
    engine: Engine, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.answers = [410, 200]
    id_ = await subscribed(engine, http, subscription(receiver.url))
    await put(http, encounter("a"))
    found = await status(http, id_, "error")
    assert "does not take what it was sent" in found["error"]
    await put(http, encounter("b"))
    again = {**found, "status": "requested"}
    del again["error"]
    await put(http, again)
    await status(http, id_, "active")
    await put(http, encounter("c"))
    await receiver.until(2)
    assert [got.path for got in receiver.got] == ["/in/Encounter/a", "/in/Encounter/c"]


async def test_whose_token_has_criteria_is_told_what_they_give_and_no_more(
    engine: Engine, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    who = Author("", "system", "RA1", "theirs", "", "system/Location.rs?status=active system/Subscription.crus")
    resource = {**subscription(receiver.url, "Location"), "id": "s1"}
    await engine.workshop.writes.write(Asked(UPDATE, "Subscription", "s1", resource=resource, author=who, own=True))
    await status(http, "s1", "active")
    ward = {"resourceType": "Location", "mode": "instance"}
    for id_, said, told in (("a", "suspended", 0), ("b", "active", 1), ("b", "inactive", 1), ("c", "active", 2)):
        await put(http, {**ward, "id": id_, "status": said})
        got = await receiver.until(told)  # what goes out is what may be seen when it goes
    assert [(each.path, each.json["status"]) for each in got] == [("/in/Location/b", "active"), ("/in/Location/c", "active")]
    found = {(each.resource, each.version): each.state for each in await engine.workshop.store.query(Deliveries())}
    assert (found["a", 1], found["b", 2]) == ("withheld", "withheld")


async def test_what_cannot_be_a_name_is_in_error_and_holds_up_nobody_else(
    engine: Engine, http: httpx.AsyncClient, receiver: Receiver
) -> None:
    nobody = await subscribed(engine, http, subscription(f"https://{'a' * 64}.example/in"), "error")
    other = await subscribed(engine, http, subscription(receiver.url))
    await put(http, encounter("a"))
    assert [got.path for got in await receiver.until(1)] == ["/in/Encounter/a"]
    assert await status(http, nobody, "error")
    assert await status(http, other, "active")


async def test_one_that_cannot_be_settled_stays_due_and_the_others_have_their_turn(
    engine: Engine, http: httpx.AsyncClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    led = addresses.resolved

    async def sometimes(parts: SplitResult) -> str:
        looked.append(parts.path)
        if parts.path == "/broken" and looked.count("/broken") == 1:
            raise RuntimeError
        return await led(parts)

    monkeypatch.setattr(addresses, "resolved", sometimes)
    said = [subscription(receiver.url.replace("/in", path)) for path in ("/broken", "/in")]
    bundle = {"resourceType": "Bundle", "type": "transaction"}
    bundle["entry"] = [{"resource": each, "request": {"method": "POST", "url": "Subscription"}} for each in said]  # type: ignore[assignment]
    answer = await http.post("/fhir", json=bundle, headers={"content-type": JSON})
    ids = [each["response"]["location"].split("Subscription/")[1].split("/")[0] for each in answer.json()["entry"]]
    await status(http, ids[1], "active")
    assert looked[:2] == ["/broken", "/in"]
    await subscribed(engine, http, subscription(receiver.url))
    await status(http, ids[0], "active")


async def test_what_is_ended_or_deleted_is_told_no_more(engine: Engine, http: httpx.AsyncClient, receiver: Receiver) -> None:
    receiver.answers = [503]
    ids = [await subscribed(engine, http, subscription(receiver.url)) for _ in range(2)]
    await put(http, encounter("a"))
    await receiver.until(2)
    assert (await http.delete(f"/fhir/Subscription/{ids[0]}")).status_code == 204
    await put(http, {**subscription(receiver.url), "id": ids[1], "status": "off"})
    async with asyncio.timeout(20):
        while {each.state for each in await engine.workshop.store.query(Deliveries())} != {"dropped"}:
            await asyncio.sleep(0.01)
    await put(http, encounter("b"))
    assert len(await engine.workshop.store.query(Deliveries())) == 2


async def test_a_restart_goes_on_with_what_was_due_and_with_what_comes(
    tmp_path: Path, place: dict[str, str], receiver: Receiver
) -> None:
    receiver.answers = [503]
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        await subscribed(engine, http, subscription(receiver.url))
        await put(http, encounter("a"))
        await receiver.until(1)
    receiver.got.clear()
    receiver.answers = [200]
    async with running(tmp_path / "data", **place) as engine, client(engine) as http:
        await put(http, encounter("b"))
        await receiver.until(2)
        assert [got.path for got in receiver.got] == ["/in/Encounter/a", "/in/Encounter/b"]
