"""No event is lost, skipped or given another number, whenever the process is killed."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.spec.durability.process import Served
from tests.spec.notify.receiving import receiving
from tests.spec.notify.socketing import bound, connected
from tests.spec.notify.subscribing import JSON, encounter, put, status
from tests.spec.notify.test_topics import by_topic, told

pytestmark = [pytest.mark.anyio, pytest.mark.long]


async def asked(http: httpx.AsyncClient, url: str = "") -> str:
    answer = await http.post("/fhir/Subscription", json=by_topic(url, "id-only"), headers={"content-type": JSON})
    id_ = str(answer.json()["id"])
    await status(http, id_, "active")
    return id_


async def test_killed_between_sending_and_the_mark_an_event_keeps_its_number(tmp_path: Path) -> None:
    async with receiving() as receiver:
        receiver.answers = [200, 200, -2]
        async with Served(tmp_path / "data") as engine, engine.client() as http:
            await asked(http, receiver.url)
            for id_ in "abc":
                await put(http, encounter(id_))
            await receiver.until(3)
            engine.kill()
        receiver.answers = [200]
        async with Served(tmp_path / "data") as engine, engine.client() as http:
            await put(http, encounter("d"))
            got = await receiver.until(6)
    events = [told(each.json)["events"][0] for each in got[1:]]
    assert events == [
        ("1", "Encounter/a"),
        ("2", "Encounter/b"),
        ("2", "Encounter/b"),
        ("3", "Encounter/c"),
        ("4", "Encounter/d"),
    ]
    assert got[2].headers["idempotency-key"] == got[3].headers["idempotency-key"]


async def test_killed_with_a_socket_open_what_it_had_not_confirmed_and_what_came_later_is_told_by_the_next(tmp_path: Path) -> None:
    async with Served(tmp_path / "data") as engine, engine.client() as http:
        id_ = await asked(http)
        async with connected(engine.http) as socket:
            await bound(socket, id_)
            assert told(await socket.told())["type"] == "handshake"
            await put(http, encounter("a"))
            assert told(await socket.told())["events"] == [("1", "Encounter/a")]
            await socket.pinged()
            socket.silent = True
            await put(http, encounter("b"))
            assert told(await socket.told())["events"] == [("2", "Encounter/b")]
            await put(http, encounter("c"))
            engine.kill()
            assert await socket.hear() == ""
    async with Served(tmp_path / "data") as engine, engine.client() as http, connected(engine.http) as socket:
        await bound(socket, id_)
        assert told(await socket.told())["type"] == "handshake"
        assert [told(await socket.told())["events"] for _ in "bc"] == [[("2", "Encounter/b")], [("3", "Encounter/c")]]
