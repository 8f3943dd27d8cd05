"""A seat is lost by who is silent, and not by who starts; why it was lost is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from interop.api.roles import API
from interop.app import naming
from interop.app.engine import Engine
from interop.app.naming import Named
from interop.store.postgres.connection import RECORD, SETTINGS, connect
from interop.store.postgres.seats import SEAT, AdvisorySeats
from interop.store.seats import number
from tests.postgres import cut
from tests.spec.engine.running import running, settings

pytestmark = pytest.mark.anyio
ALLOWED = 0.2
"""Seconds of silence, for tests."""


@pytest.fixture
async def seats(database: str) -> AsyncIterator[list[AdvisorySeats]]:
    made = [AdvisorySeats(lambda: connect(database, SETTINGS, path=RECORD), silent=ALLOWED) for _ in range(2)]
    yield made
    for each in made:
        await each.close()


async def started(seats: AdvisorySeats, name: str) -> None:
    """It has started and has the seat, be it that a machine with other work took it for silent in between."""
    await seats.started()
    async with asyncio.timeout(20):
        while not await seats.take(name):
            await asyncio.sleep(0)


def hang() -> None:
    """Be silent for longer than allowed: nothing else runs on the loop."""
    time.sleep(2 * ALLOWED)


async def test_who_compiles_tables_while_it_starts_keeps_its_name(seats: list[AdvisorySeats]) -> None:
    one, other = seats
    assert await one.take("name one")
    with capture_logs() as logs:
        hang()
        assert not await other.take("name one")
        assert await one.take("name one")
    assert logs == []


async def test_who_has_started_and_is_silent_has_lost_its_seats_and_says_why(seats: list[AdvisorySeats]) -> None:
    one, other = seats
    assert await one.take("worker one")
    await started(one, "worker one")
    with capture_logs() as logs:
        hang()
        async with asyncio.timeout(20):
            while not await other.take("worker one"):
                await asyncio.sleep(0)
        assert not await one.take("worker one")
    (said,) = (each for each in logs if each["event"] == "seats lost")
    assert (said["reason"], said["allowed"]) == ("silent", "0.2")
    assert float(said["seconds"]) >= ALLOWED


async def test_a_connection_that_was_cut_is_told_as_that(seats: list[AdvisorySeats], database: str) -> None:
    one, _ = seats
    assert await one.take("worker one")
    with capture_logs() as logs:
        assert await cut(database, "FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()")
        async with asyncio.timeout(20):
            while not logs:
                await one.take("worker one")
    assert (logs[0]["event"], logs[0]["reason"]) == ("seats lost", "connection")


async def test_a_name_that_was_lost_is_had_again(seats: list[AdvisorySeats]) -> None:
    """Where another has it by then, that is said once."""
    one, other = seats
    assert await one.take("name one")
    await started(one, "name one")
    named = Named(one, "one")
    hang()
    async with asyncio.timeout(20):
        while not await other.take("name one"):
            await asyncio.sleep(0)
    with capture_logs() as logs:
        await named.look()
        await named.look()
        assert not named.had
        assert [each["log_level"] for each in logs if each.get("called") == "one"] == ["error"]
        await other.leave("name one")
        async with asyncio.timeout(20):
            while not named.had:
                await named.look()


async def test_a_process_whose_seats_were_cut_off_has_its_name_again_by_itself(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And another of that name is refused."""
    monkeypatch.setattr(naming, "EVERY", 0.02)
    monkeypatch.setattr(naming, "NAMED", 1)
    held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objid::bigint = $2 & 4294967295 AND granted"
    async with running(tmp_path / "data", database=database, name="one", roles={API}):
        admin = await connect(database, SETTINGS, path=RECORD)
        before = await admin.fetchval(held, SEAT, number("name one"))
        assert before is not None
        await admin.execute("SELECT pg_terminate_backend($1)", before)
        async with asyncio.timeout(20):
            while await admin.fetchval(held, SEAT, number("name one")) in (None, before):
                await asyncio.sleep(0)
        await admin.close()
        with pytest.raises(ValueError, match="is called one"):
            await Engine.start(settings(tmp_path / "data", database=database, name="one", roles={API}))
