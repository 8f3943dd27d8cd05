"""A message may be in the record before its receipt is known to whoever took it in: a thread may stand still just then."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from interop.app.engine import Engine
from interop.store.plan import Message
from interop.store.values import Change
from tests.spec.engine.messages import adt
from tests.spec.engine.running import TIMEOUT, ingest, journal
from tests.spec.engine.taking import sent, taken
from tests.spec.engine.test_replay import replayed

pytestmark = pytest.mark.anyio


@pytest.fixture
def late(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever journals messages hears of it when they have their outcome."""
    shop = engine.workshop
    commit = shop.store.commit

    async def slow(change: Change) -> Any:
        done = await commit(change)
        for entry in change.entries:
            if entry.message and entry.state == "received":
                shop.dispatcher.arrived()  # as whoever is done with what was before looks again
                async with asyncio.timeout(TIMEOUT):
                    while (await shop.store.query(Message(entry.message)))[0].state == "received":
                        await asyncio.sleep(0.005)
        return done

    monkeypatch.setattr(shop.store, "commit", slow)


@pytest.mark.usefixtures("late")
async def test_its_sender_is_told_and_nothing_is_counted_that_waits(engine: Engine, http: httpx.AsyncClient) -> None:
    shop = engine.workshop
    for number in range(2):
        async with asyncio.timeout(TIMEOUT):
            answer = await ingest(http, adt(control=f"C{number}"))
        assert (answer.status_code, answer.json()["state"], shop.unfinished) == (200, "applied", 0)
    assert (await http.post("/ingest/hl7v2", content=adt(control="C2"))).status_code == 202
    assert (shop.unfinished, [entry.state for entry in await journal(engine)]) == (0, ["applied"] * 3)


@pytest.mark.usefixtures("late")
async def test_nor_where_it_is_a_takedown_or_a_replay(engine: Engine, http: httpx.AsyncClient) -> None:
    number = await sent(http, adt())
    assert (await replayed(http)).messages == 1
    assert (await taken(http, number)).resources
    assert engine.workshop.unfinished == 0


@pytest.mark.usefixtures("late")
async def test_what_waits_beside_it_is_still_counted(engine: Engine, http: httpx.AsyncClient) -> None:
    shop = engine.workshop
    shop.added(1)  # another waits
    assert (await ingest(http, adt())).json()["state"] == "applied"
    assert shop.unfinished == 1
