"""Redis restarted, emptied, gone, standing still: nobody waits for it, and all comes back by itself."""

from __future__ import annotations

import asyncio

import pytest

from interop.signals.place import Place
from interop.signals.teller import KEPT
from tests.spec.signals.conftest import Process, beyond, processes, started, until
from tests.valkey import Server

pytestmark = pytest.mark.anyio


async def flows(*processes: Process) -> None:
    """Everybody hears everybody, and one who is free is told what arrived."""
    await until(lambda: all(each.signals.connected for each in processes))
    await beyond(*processes)
    first, *others = processes
    before = len(first.words("arrived"))
    while len(first.words("arrived")) == before:  # what was told before comes before; a group made anew begins after what is there
        others[0].signals.tell("arrived", "77")
        first.signals.free()
        await more(first)
    first.signals.busy()


async def more(process: Process) -> None:
    """It hears something."""
    had = len(process.heard)
    await until(lambda: len(process.heard) > had)


async def test_after_a_restart_all_is_as_before(redis: Server) -> None:
    """The stream and its group are made again; each process is told that it may have missed something."""
    async with processes(Place.of(redis.url), "a", "b") as (a, b):
        await flows(a, b)
        for each in (a, b):
            each.heard.clear()
        redis.stop()
        await until(lambda: not a.signals.connected and not b.signals.connected)
        assert a.signals.wait == 0.05
        redis.start()
        await flows(a, b)
        for each in (a, b):
            assert {("applied", ""), ("changed", "")} <= set(each.heard)
            assert each.signals.counts.reconnects >= 1
        assert ("arrived", "") in a.heard
        assert a.signals.wait == 0.5


async def test_after_it_was_emptied_all_is_as_before(redis: Server) -> None:
    """Also for a process that waits for an entry meanwhile."""
    async with processes(Place.of(redis.url), "a", "b") as (a, b):
        await flows(a, b)
        b.signals.free()
        b.heard.clear()
        assert redis.ask("FLUSHALL") == b"+OK\r\n"
        await until(lambda: ("arrived", "") in b.heard)
        b.signals.busy()
        await flows(a, b)


async def test_what_is_said_while_it_is_gone_takes_neither_time_nor_room(redis: Server) -> None:
    """It is counted as dropped; when Redis is there again, the others are told that there was something."""
    async with processes(Place.of(redis.url), "a", "b") as (a, b):
        redis.stop()
        a.signals.tell("applied", "0")
        await until(lambda: a.signals.counts.dropped and not b.signals.connected)
        for number in range(50_000):
            a.signals.tell(("arrived", "applied", "changed")[number % 3], str(number))
        assert a.signals.counts.dropped >= 50_000
        assert waiting(a) <= 3
        b.heard.clear()
        redis.start()
        await until(lambda: ("changed", "") in b.heard)
        await flows(a, b)


async def test_what_could_not_be_said_is_said_without_its_number_as_soon_as_it_can(redis: Server) -> None:
    """Here one process alone has lost its connection; the others have no reason to look but what it says then."""
    async with processes(Place.of(redis.url), "a", "b") as (a, b):
        b.heard.clear()
        redis.ask("CLIENT", "KILL", "TYPE", "normal")  # those that hear are of another type
        a.signals.tell("changed", "5")
        await until(lambda: b.heard and (a.signals.counts.sent or a.signals.counts.dropped))
        assert b.heard == [("changed", "5" if a.signals.counts.sent else "")]
        await flows(a, b)


async def test_a_server_that_stands_still_holds_nobody_up(redis: Server) -> None:
    """Connections stand and nothing answers: what is said is kept to a few words until it counts as gone."""
    async with processes(Place.of(redis.url), "a", "b", answering=0.5, beat=0.1) as (a, b):
        await flows(a, b)
        redis.hold()
        try:
            turns, before = 0, a.signals.counts.dropped
            while a.signals.counts.dropped == before:
                for number in range(100):
                    a.signals.tell("arrived", str(number))
                    a.signals.tell("changed", str(number))
                assert waiting(a) <= KEPT + 3
                turns += 1
                await asyncio.sleep(0)
            assert turns > 10  # the loop went on all the while
        finally:
            redis.go()
        await flows(a, b)


async def test_a_process_starts_and_ends_without_redis(redis: Server) -> None:
    redis.stop()
    place = Place.of(redis.url)
    async with asyncio.timeout(60):
        async with started(place, "a") as (a,):
            a.signals.tell("applied", "1")
            a.signals.free()
            await until(lambda: a.signals.counts.failed >= 8)
            assert a.heard == []
            assert a.signals.figures()["redis_connected"] == 0
            redis.start()
            await until(lambda: a.signals.connected)
            assert a.signals.figures()["redis_connected"] == 1


async def test_a_server_that_takes_no_more_is_one_that_is_away(redis: Server) -> None:
    """Its memory is full, and it refuses to write."""
    async with processes(Place.of(redis.url), "a", "b") as (a, b):
        redis.ask("CONFIG", "SET", "maxmemory", "1")
        a.signals.tell("arrived", "1")
        await until(lambda: a.signals.counts.dropped)
        redis.ask("CONFIG", "SET", "maxmemory", "0")
        await flows(a, b)


def waiting(process: Process) -> int:
    """Words that wait in a process."""
    teller = process.signals._teller
    return len(teller._arrived) + len(teller._last) + len(teller._missed)
