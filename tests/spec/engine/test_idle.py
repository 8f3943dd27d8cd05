"""An engine is called idle when nothing waits, and at no other moment: who goes after messages begins then."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from interop.app.engine import Engine
from tests.spec.engine.messages import adt
from tests.spec.engine.running import TIMEOUT

pytestmark = pytest.mark.anyio


async def test_what_comes_while_nothing_was_found_keeps_it_from_being_called_idle(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, dispatcher = engine.workshop, engine.workshop.dispatcher
    take, idle = dispatcher._claims.take, dispatcher.idle.set
    sent: list[int] = []
    waiting: list[int] = []

    async def meanwhile() -> Any:
        taken = await take()
        if not taken and not sent:
            sent.append((await http.post("/ingest/hl7v2", content=adt())).status_code)
        return taken

    def called() -> None:
        waiting.append(shop.unfinished)
        idle()

    async with asyncio.timeout(TIMEOUT):
        await dispatcher.idle.wait()
        monkeypatch.setattr(dispatcher._claims, "take", meanwhile)
        monkeypatch.setattr(dispatcher.idle, "set", called)
        dispatcher.arrived()
        await dispatcher.idle.wait()
    assert (sent, waiting) == ([202], [0])
