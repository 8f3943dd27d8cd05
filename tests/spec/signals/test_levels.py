"""Limits that several processes keep together: nobody waits for Redis, and none of them lets everything through that one may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest

from interop.api.signon.limits import REMEMBERED, Buckets, SharedBucket
from interop.signals.lasting import Counts, Lasting
from interop.signals.levels import Levels
from interop.signals.place import Place
from tests.spec.signals.conftest import ANSWERING, PAUSES, SECRET, until
from tests.valkey import Server

pytestmark = pytest.mark.anyio

SLOW = 0.0001
"""A second: for as long as a test takes nothing comes back."""


class Keeper:
    """One process: its buckets and how they are settled."""

    def __init__(self, place: Place, rate: float, burst: float) -> None:
        self.buckets = Buckets(rate, burst).share("people")
        self.levels = Levels("interop:test", SECRET, between=0.005)
        self.levels.ledgers.append(self.buckets)
        self.counts = Counts()
        self.line = Lasting("limits", partial(place.connect, ANSWERING), self.levels.work, self.counts, PAUSES)

    def take(self, key: str = "somebody") -> bool:
        """One request; the local clock stands."""
        return self.buckets.of(key).take(1)

    def level(self, key: str = "somebody") -> float:
        found = self.buckets.of(key)
        assert isinstance(found, SharedBucket)
        return found._left

    async def settled(self) -> None:
        """What was taken is told."""
        rounds = self.levels.rounds
        await until(lambda: not self.buckets.untold and self.levels.rounds > rounds + 1)


@asynccontextmanager
async def keepers(redis: Server, count: int = 2, rate: float = SLOW, burst: float = 10) -> AsyncIterator[list[Keeper]]:
    async with AsyncExitStack() as stack:
        found = [Keeper(Place.of(redis.url), rate, burst) for _ in range(count)]
        for each in found:
            each.line.start()
            stack.push_async_callback(each.line.stop)
        await until(lambda: all(each.line.connected for each in found))
        yield found


async def test_what_one_process_lets_through_leaves_less_for_the_others(redis: Server) -> None:
    async with keepers(redis) as (a, b):
        assert [a.take() for _ in range(7)] == [True] * 7
        await a.settled()
        assert b.take()  # nobody has told it yet
        await b.settled()
        assert b.level() == pytest.approx(2, abs=0.01)
        assert [b.take() for _ in range(4)] == [True, True, False, False]
        await b.settled()
        assert a.take()
        await a.settled()
        assert a.level() == pytest.approx(-1, abs=0.01)
        assert not a.take()
        assert a.take("somebody else")


async def test_what_was_let_through_too_much_is_paid_back(redis: Server) -> None:
    """Each process gives the whole burst before it hears of the others: together they wait for what was too much, and no longer
    than it takes to fill a bucket."""
    async with keepers(redis, 4) as all_:
        for each in all_:
            assert sum(each.take() for _ in range(12)) == 10
        for each in all_:
            await each.settled()
        for each in all_:
            assert not each.take()
        last = min(each.level() for each in all_)
        assert last == pytest.approx(-10, abs=0.01)


async def test_what_comes_back_comes_back_to_all_together(redis: Server) -> None:
    """By the clock of Redis, so that the processes' own may differ."""
    async with keepers(redis, rate=1_000, burst=10) as (a, b):
        assert all(a.take() for _ in range(10))
        await a.settled()
        assert not a.take()
        level = -10.0
        while level < 8.9:  # ten milliseconds fill it, less the one that each look takes
            assert b.take()
            await b.settled()
            level = b.level()


async def test_without_redis_each_process_keeps_the_limit_for_itself(redis: Server) -> None:
    """Nothing waits, and what was taken meanwhile is nobody's debt afterwards: the limit was not kept together then."""
    async with keepers(redis) as (a, b):
        redis.stop()
        a.take("first")
        await until(lambda: not a.line.connected)
        assert [a.take() for _ in range(12)] == [True] * 10 + [False] * 2
        assert [b.take() for _ in range(12)] == [True] * 10 + [False] * 2
        await until(lambda: not b.line.connected)
        redis.start()
        await until(lambda: a.line.connected and b.line.connected)
        c = b.buckets.of("somebody new")
        assert c.take(1)
        await b.settled()
        assert redis.ask("DBSIZE") == b":1\r\n"


async def test_after_it_was_emptied_buckets_are_full(redis: Server) -> None:
    """Also its scripts are gone: they are told again."""
    async with keepers(redis) as (a, b):
        assert all(a.take() for _ in range(10))
        await a.settled()
        redis.ask("FLUSHALL")
        redis.ask("SCRIPT", "FLUSH", "SYNC")
        assert b.take()
        await until(lambda: b.counts.reconnects)
        assert b.take()
        await b.settled()
        assert b.level() == pytest.approx(9, abs=0.01)


async def test_what_waits_to_be_told_is_bounded(redis: Server) -> None:
    """As many buckets as are remembered, however many ask while Redis is away."""
    redis.stop()
    keeper = Keeper(Place.of(redis.url), SLOW, 10)
    for number in range(REMEMBERED + 500):
        keeper.take(str(number))
    assert keeper.buckets.untold == REMEMBERED
    assert len(keeper.buckets) == REMEMBERED


async def test_a_bucket_in_redis_ends_when_it_would_be_full(redis: Server) -> None:
    """Nothing is kept of whom nobody has heard for long."""
    async with keepers(redis, rate=2, burst=10) as (a, _):
        assert a.take()
        await a.settled()
        left = int(redis.ask("PTTL", a.levels.key("people somebody")).strip(b":\r\n"))
        assert 0 < left <= 11_000


async def test_many_buckets_are_settled_in_few_pipelines(redis: Server) -> None:
    """500 at a time."""
    async with keepers(redis, 1) as (a,):
        for number in range(1_200):
            a.take(str(number))
        await a.settled()
        assert a.levels.settled == 1_200
        assert a.levels.pipelines == 3
