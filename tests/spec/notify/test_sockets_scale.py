"""Several processes: whichever a client binds at hands its events over, and none is lost when it comes back at another."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.store.plan import Deliveries
from tests.spec.engine.running import client
from tests.spec.notify.socketing import Refused, bound, by_socket, connected
from tests.spec.notify.subscribing import become, encounter, put, subscribed
from tests.spec.notify.test_topics import by_topic, told
from tests.spec.scale.side_by_side import processes

pytestmark = pytest.mark.anyio


async def test_the_process_that_holds_the_socket_sends_wherever_the_event_was_written(tmp_path: Path, database: str) -> None:
    async with processes(tmp_path / "data", database, "worker", "api", "api") as (_, one, other):
        async with client(one) as here, client(other) as there:
            id_ = await subscribed(one, here, by_socket())
            async with connected(one.http) as socket:
                await bound(socket, id_)
                await put(there, encounter("a"))
                assert await socket.hear() == f"ping {id_}"
                async with connected(other.http) as another:
                    await bound(another, id_)
                    assert [await socket.hear(), await socket.hear()] == [f"unbound {id_}", ""]
                    await put(here, encounter("b"))
                    assert await another.hear() == f"ping {id_}"
                    await become(one, "sent", "sent")


async def test_what_was_not_confirmed_at_one_process_is_told_at_another_under_the_same_number(
    tmp_path: Path, database: str
) -> None:
    async with processes(tmp_path / "data", database, "worker", "api", "api") as (_, one, other), client(one) as http:
        id_ = await subscribed(one, http, by_topic())
        async with connected(one.http) as socket:
            await bound(socket, id_)
            assert told(await socket.told())["type"] == "handshake"
            socket.silent = True
            await put(http, encounter("a"))
            assert told(await socket.told())["events"] == [("1", "Encounter/a")]
            await socket.pinged()
            socket.cut()
        async with connected(other.http) as socket:
            await bound(socket, id_)
            assert told(await socket.told())["type"] == "handshake"
            assert told(await socket.told())["events"] == [("1", "Encounter/a")]
            await put(http, encounter("b"))
            assert told(await socket.told())["events"] == [("2", "Encounter/b")]
        assert [each.number for each in await one.workshop.store.query(Deliveries())] == [1, 2]


async def test_a_process_that_does_not_answer_opens_no_socket(tmp_path: Path, database: str) -> None:
    async with processes(tmp_path / "data", database, "worker") as (one,):
        with pytest.raises(Refused) as refused:
            async with connected(one.http):
                pass
        assert refused.value.status == 421
