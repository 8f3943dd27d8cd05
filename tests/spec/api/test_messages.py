"""``/messages/{id}``: what became of a message, and nothing of what it says."""

from __future__ import annotations

import pytest

from interop.api.services import Services
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Outcome
from tests.spec.api.conftest import Client
from tests.spec.api.messages import admission

pytestmark = pytest.mark.anyio


async def test_a_message_that_waits(client: Client, services: Services) -> None:
    await client.send("POST", "/ingest/hospital", admission("C7"))
    await services.intake.drain()  # type: ignore[attr-defined]
    answer = await client.get("/messages/1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {
        "message": 1,
        "feed": "hospital",
        "adapter": "hl7v2",
        "type": "ADT^A01",
        "controlId": "C7",
        "received": "2026-01-01T00:00:00.000Z",
        "size": len(admission("C7")),
        "state": "received",
        "ack": "sent",
    }


async def test_a_message_that_is_applied(client: Client, services: Services, store: SqliteStore) -> None:
    await client.send("POST", "/ingest/hospital", admission())
    await store.commit(Change(outcomes=[Outcome(1, "applied", services.clock.now(), carried=20, lost=3)]))
    said = (await client.get("/messages/1")).json()
    assert (said["state"], said["finished"], said["carried"], said["lost"]) == ("applied", "2026-01-01T00:00:00.000Z", 20, 3)


async def test_a_message_that_was_refused_says_why_and_what_to_do(client: Client) -> None:
    await client.send("POST", "/ingest/hospital", admission(trigger="ADT^A99"))
    said = (await client.get("/messages/1")).json()
    assert (said["state"], said["reason"], said["category"], said["where"]) == (
        "refused",
        "unknown-trigger",
        "unsupported",
        "MSH-9",
    )
    assert said["sentence"].endswith(".")
    assert said["action"].endswith(".")


async def test_nothing_of_its_content_is_shown(client: Client) -> None:
    await client.send("POST", "/ingest/hospital", admission(family="UNMISTAKABLE"))
    await client.send("POST", "/ingest/hospital", b"UNMISTAKABLE")
    for address in ("/messages/1", "/messages/2", "/", "/metrics"):
        answer = await client.get(address)
        assert answer.status_code == 200
        assert "UNMISTAKABLE" not in answer.text


@pytest.mark.parametrize("number", ["9", "0", "-1", "x", "1/2", "1/", "/history", "9/history", "9/lineage", "9" * 30, "²"])
async def test_a_message_that_is_not_there_is_404(client: Client, number: str) -> None:
    answer = await client.get(f"/messages/{number}")
    assert answer.status_code == 404
    assert answer.json()["reason"] == "not-found"
