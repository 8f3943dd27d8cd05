"""Processes that share a Redis, as the engine makes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from interop.signals.by_redis import RedisSignals
from interop.signals.place import Place
from tests.valkey import Server, serving

SECRET = b"a key of the deployment, kept in a file"
PAUSES = (0.01, 0.05)
ANSWERING = 60.0
"""Seconds that a server is given unless the test is of one that stands still: that this machine does for a while is no news."""


class Process:
    """One process's signals, and what it heard."""

    def __init__(self, signals: RedisSignals) -> None:
        self.signals, self.heard = signals, list[tuple[str, str]]()

    def words(self, kind: str) -> list[str]:
        """What was said of a kind, without that something may have been missed."""
        return [word for each, word in self.heard if each == kind and word]

    def hear(self, kind: str, word: str) -> None:
        self.heard.append((kind, word))


async def until(condition: Callable[[], object]) -> None:
    """Go on when it holds; what never holds is ended by the test's timeout."""
    while not condition():
        await asyncio.sleep(0.005)


async def beyond(*processes: Process) -> None:
    """Whatever was told before this is heard. A connection that is lost meanwhile takes a word with it: it is said again."""
    for each in processes:
        mark = str(10_000_000 + len(each.heard))
        for other in processes:
            if other is not each:
                said = -1
                while ("changed", mark) not in other.heard:
                    made = each.signals.counts.reconnects + other.signals.counts.reconnects
                    if made != said:
                        each.signals.tell("changed", mark)
                        said = made
                    await asyncio.sleep(0.005)


@pytest.fixture
def redis() -> Iterator[Server]:
    """A server with nothing in it."""
    with serving() as server:
        yield server


@asynccontextmanager
async def started(place: Place, *names: str, prefix: str = "interop:test", **given: float) -> AsyncIterator[list[Process]]:
    """So many processes."""
    async with AsyncExitStack() as stack:
        found = []
        for name in names:
            lasting = {"answering": ANSWERING, **given}
            each = Process(RedisSignals(place, prefix, name, SECRET, pauses=PAUSES, **lasting))
            await each.signals.start(each.hear)
            stack.push_async_callback(each.signals.stop)
            found.append(each)
        yield found


@asynccontextmanager
async def processes(place: Place, *names: str, prefix: str = "interop:test", **given: float) -> AsyncIterator[list[Process]]:
    """So many processes, connected."""
    async with started(place, *names, prefix=prefix, **given) as found:
        await until(lambda: all(("changed", "") in each.heard and ("arrived", "") in each.heard for each in found))
        await until(lambda: all(each.signals.connected for each in found))
        yield found
