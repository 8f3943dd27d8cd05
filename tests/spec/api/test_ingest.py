"""``POST /ingest/{feed}``: durable first, answered then; and what became of a message."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from interop.api.app import create_app
from interop.api.services import Services
from interop.ports import MessageState
from interop.store.plan import Everything
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Entry, Outcome
from tests.spec.api.conftest import Client
from tests.spec.api.messages import admission

pytestmark = pytest.mark.anyio


async def entries(store: SqliteStore) -> list[Entry]:
    return [entry async for entry in store.stream(Everything())]


def coded(answer: Any) -> str:
    """The reason in an OperationOutcome."""
    assert answer.json()["resourceType"] == "OperationOutcome"
    return str(answer.json()["issue"][0]["details"]["coding"][0]["code"])


async def test_202_with_an_address_once_it_is_on_disk(client: Client, store: SqliteStore) -> None:
    answer = await client.send("POST", "/ingest/hospital", admission(), content_type="application/hl7-v2")
    assert (answer.status_code, answer.headers["location"]) == (202, "/messages/1")
    assert answer.json() == {"message": 1, "state": "received"}
    (entry,) = await entries(store)
    assert (entry.feed, entry.adapter, entry.control_id, entry.type, entry.body) == (
        "hospital",
        "hl7v2",
        "1",
        "ADT^A01",
        admission(),
    )


async def test_no_answer_before_the_journal_is_on_disk(client: Client, store: SqliteStore) -> None:
    going, gone = asyncio.Event(), asyncio.Event()
    commit = store.commit

    async def slow(change: Change) -> Any:
        if change.entries:
            going.set()
            await gone.wait()
        return await commit(change)

    store.commit = slow  # type: ignore[method-assign]
    asked = asyncio.create_task(client.send("POST", "/ingest/hospital", admission()))
    await going.wait()
    assert not asked.done()
    gone.set()
    assert (await asked).status_code == 202


async def test_a_feed_without_adapter_takes_what_one_recognises(client: Client, store: SqliteStore) -> None:
    assert (await client.send("POST", "/ingest/open", admission())).status_code == 202
    answer = await client.send("POST", "/ingest/open", b"neither one nor the other")
    assert (answer.status_code, coded(answer), answer.headers["location"]) == (415, "unknown-format", "/messages/2")
    assert [entry.adapter for entry in await entries(store)] == ["hl7v2", ""]


async def test_the_same_message_again_is_the_same(client: Client, store: SqliteStore) -> None:
    await client.send("POST", "/ingest/hospital", admission())
    again = await client.send("POST", "/ingest/hospital", admission())
    assert (again.status_code, again.headers["location"]) == (202, "/messages/1")
    assert again.json() == {"message": 1, "state": "received", "repeats": 1}
    assert len(await entries(store)) == 1


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"no message", 400, "unreadable"),
        (admission(trigger="ADT^A99"), 422, "unknown-trigger"),
        (admission().replace(b"|2.4", b"|9.9"), 422, "unknown-version"),
        (b"", 400, "unreadable"),
    ],
)
async def test_what_is_refused_says_why_and_what_to_do(
    client: Client, store: SqliteStore, body: bytes, status: int, reason: str
) -> None:
    answer = await client.send("POST", "/ingest/hospital", body)
    assert (answer.status_code, coded(answer)) == (status, reason)
    issue = answer.json()["issue"][0]
    assert issue["details"]["text"].endswith(".")
    assert issue["diagnostics"].endswith(".")
    (entry,) = await entries(store)
    assert (entry.state, entry.reason, entry.body) == ("refused", reason, body)
    assert answer.headers["location"] == f"/messages/{entry.message}"


async def test_of_a_body_over_the_limit_what_was_read_is_kept(client: Client, services: Services, store: SqliteStore) -> None:
    services.message_limit = 100
    answer = await client.send("POST", "/ingest/hospital", admission())
    assert (answer.status_code, coded(answer)) == (413, "too-large")
    (entry,) = await entries(store)
    assert (entry.state, entry.reason, entry.body) == ("refused", "too-large", admission()[:100])


async def test_a_body_that_is_cut_off_gets_no_answer_and_is_kept(services: Services, store: SqliteStore) -> None:
    came = iter([{"type": "http.request", "body": admission()[:50], "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(came)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/ingest/hospital", "headers": [], "query_string": b""}
    await create_app(services)(scope, receive, send)
    (entry,) = await entries(store)
    assert (sent, entry.state, entry.reason, entry.body) == ([], "refused", "truncated", admission()[:50])


@pytest.mark.parametrize("name", ["nowhere", "", "hospital/x", "%20"])
async def test_an_unknown_feed_is_404(client: Client, store: SqliteStore, name: str) -> None:
    answer = await client.send("POST", f"/ingest/{name}", admission())
    assert (answer.status_code, coded(answer)) == (404, "wrong-feed")
    assert await entries(store) == []


async def test_a_full_engine_asks_to_come_again(client: Client) -> None:
    for number in range(3):
        assert (await client.send("POST", "/ingest/hospital", admission(str(number)))).status_code == 202
    answer = await client.send("POST", "/ingest/hospital", admission("3"))
    assert (answer.status_code, coded(answer)) == (503, "busy")
    assert int(answer.headers["retry-after"]) > 0
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("state", "reason", "status"),
    [
        (MessageState.APPLIED, "", 200),
        (MessageState.REFUSED, "missing-field", 422),
        (MessageState.FAILED, "mapping-fault", 500),
        (MessageState.SHELVED, "mapping-fault", 500),
    ],
)
async def test_who_waits_for_the_record_is_told_what_came_of_it(
    client: Client, services: Services, store: SqliteStore, state: MessageState, reason: str, status: int
) -> None:
    from interop.errors import Problem

    asked = asyncio.create_task(client.send("POST", "/ingest/hospital?wait=applied", admission()))
    while not (found := await entries(store)):
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not asked.done()
    await store.commit(Change(outcomes=[Outcome(found[0].message, state.value, services.clock.now(), reason)]))
    while not services.intake._applied:  # type: ignore[attr-defined]
        await asyncio.sleep(0)
    services.intake.finished(1, state, Problem(reason) if reason else None)  # type: ignore[attr-defined]
    answer = await asked
    assert (answer.status_code, answer.headers["location"]) == (status, "/messages/1")
    assert coded(answer) == reason if reason else answer.json() == {"message": 1, "state": "applied"}


@pytest.mark.parametrize(("method", "address", "status"), [("GET", "hospital", 405), ("OPTIONS", "hospital", 204)])
async def test_messages_are_posted(client: Client, method: str, address: str, status: int) -> None:
    answer = await client.send(method, f"/ingest/{address}")
    assert (answer.status_code, answer.headers["allow"]) == (status, "POST, OPTIONS")
    assert (await client.send("POST", f"/ingest/{address}?wait=forever", admission())).status_code == 400


async def test_the_answer_is_noted_in_the_journal(client: Client, services: Services, store: SqliteStore) -> None:
    await client.send("POST", "/ingest/hospital", admission())
    await services.intake.drain()  # type: ignore[attr-defined]
    assert [entry.ack for entry in await entries(store)] == ["sent"]
