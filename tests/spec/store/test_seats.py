"""A seat is one process's at a time, and another's when that has gone."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from interop.store.postgres import PostgresStore
from interop.store.postgres.seats import SEAT
from interop.store.seats import number
from interop.store.sqlite import SqliteStore
from tests.postgres import Server, cut

pytestmark = pytest.mark.anyio


@pytest.fixture
async def both(database: str) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    opened = await PostgresStore.open(database), await PostgresStore.open(database)
    yield opened
    for each in opened:
        await each.close()


async def end(database: str) -> None:
    """Cut off whoever holds a seat."""
    assert await cut(database, "FROM pg_locks WHERE locktype = 'advisory' AND classid = $1", SEAT)


async def test_one_process_has_a_seat_until_it_leaves_it(both: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = both
    assert await one.seats.take("outgoing")
    assert await one.seats.take("outgoing")
    assert not await other.seats.take("outgoing")
    assert await other.seats.take("folders")
    assert not await one.seats.take("folders")
    await one.seats.leave("outgoing")
    assert await other.seats.take("outgoing")
    assert not await one.seats.take("outgoing")


async def test_who_closes_leaves_its_seats_to_others(both: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = both
    assert await one.seats.take("outgoing")
    await one.close()
    async with asyncio.timeout(20):
        while not await other.seats.take("outgoing"):
            await asyncio.sleep(0)


async def test_who_is_cut_off_finds_its_seat_lost(database: str, both: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = both
    assert await one.seats.take("outgoing")
    await end(database)
    assert await other.seats.take("outgoing")
    assert not await one.seats.take("outgoing")
    await other.seats.leave("outgoing")
    assert await one.seats.take("outgoing")


async def test_nobody_has_a_seat_while_the_database_is_away(postgres: Server, both: tuple[PostgresStore, PostgresStore]) -> None:
    one, other = both
    assert await one.seats.take("outgoing")
    postgres.stop(signal.SIGQUIT)
    try:
        assert not await one.seats.take("outgoing")
        assert not await other.seats.take("outgoing")
    finally:
        postgres.start()
    assert await one.seats.take("outgoing")
    assert not await other.seats.take("outgoing")


async def test_where_one_process_alone_has_the_store_it_has_every_seat(tmp_path: object) -> None:
    store = SqliteStore.open(tmp_path)  # type: ignore[arg-type]
    assert await store.seats.take("outgoing")
    await store.seats.leave("outgoing")
    await store.close()


def test_names_have_numbers_of_their_own() -> None:
    names = [f"name engine-{each}" for each in range(500)] + ["folders", "outgoing", "identity queue", "tracer", "retention"]
    assert len({number(name) for name in names}) == len(names)
