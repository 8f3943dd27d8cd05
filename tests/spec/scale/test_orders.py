"""What is asked of one process and done by another: takedowns, replays, folders, Subscriptions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from interop.app.completing import GRACE, Completing
from interop.audit.privacy import TAKEDOWN
from interop.clock import MICROSECONDS, ManualClock
from tests.spec.engine.running import client
from tests.spec.engine.taking import sent, taken
from tests.spec.engine.test_takedown import message
from tests.spec.scale.side_by_side import processes

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_takedown_that_one_is_asked_for_another_does_and_who_saw_it_is_told_once(tmp_path: Path, database: str) -> None:
    async with processes(tmp_path / "data", database, "ingest,worker", "api") as (works, answers):
        async with client(works) as senders, client(answers) as http:
            number = await sent(senders, message(5))
            patients = (await http.get("/fhir/Patient")).json()["entry"]
            assert len(patients) == 1
            async with asyncio.timeout(20):
                told = await taken(http, number)
            assert (await http.get(f"/messages/{number}")).json()["reason"] == "taken-down"
            assert told.resources
            assert (await http.get("/fhir/Patient")).json().get("entry", []) == []
        await works.audited.tick()
        await answers.audited.tick()
        later = ManualClock(works.workshop.clock.now() + GRACE + MICROSECONDS)
        await Completing(works.audited, later).look()
        rows = [row for row in notices(tmp_path / "data") if row == str(told.takedown)]
        assert len(rows) == 1


def notices(data: Path) -> list[str]:
    from tests.spec.audit.test_engine import rows

    return [row.id for row in rows(data) if row.interaction == f"${TAKEDOWN}" and row.kind == "notice"]
