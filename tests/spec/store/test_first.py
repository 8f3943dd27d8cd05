"""What each request asks first, and what works the journal off, waits for nothing that the engine reads for long."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from interop.store.plan import Messages, Meta, NewsSince, OpenClaims, Turn
from interop.store.postgres import PostgresStore
from interop.store.postgres.store import OWN

pytestmark = pytest.mark.anyio


async def test_news_and_claims_are_read_while_operators_look_through_the_journal(database: str) -> None:
    store, other = await PostgresStore.open(database), await asyncpg.connect(database)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE journal.entry IN ACCESS EXCLUSIVE MODE")
            long = [asyncio.create_task(store.query(Messages(count=1))) for _ in range(2 * OWN)]
            waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'journal.entry'::regclass AND NOT granted"
            async with asyncio.timeout(20):
                while await other.fetchval(waiting) < OWN:
                    await asyncio.sleep(0)
            async with asyncio.timeout(20):
                (number,) = await store.query(Turn())
                assert (await store.query(NewsSince(number)))[0][0] == number
                assert await store.query(OpenClaims(1)) == []
                await store.query(Meta("ready"))
            assert not any(each.done() for each in long)
        assert await asyncio.gather(*long) == [[]] * len(long)
    finally:
        await other.close()
        await store.close()
