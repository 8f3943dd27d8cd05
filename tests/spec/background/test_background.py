"""Work beside what is asked ends when it is told to, in whatever turn of the loop it is."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from interop.background import Background, within

pytestmark = pytest.mark.anyio
SOON = 20.0
"""Seconds within which what ends has ended on any machine."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def turns(count: int) -> None:
    """Let the loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("later", range(5))
async def test_who_is_told_to_end_as_what_it_waits_for_comes_has_ended(later: int) -> None:
    event, ended = asyncio.Event(), Background()

    async def work() -> None:
        while True:
            await within(event, SOON)
            event.clear()
            await asyncio.Event().wait()

    ended.start(work())
    await turns(5)
    event.set()
    await turns(later)
    async with asyncio.timeout(SOON):
        await ended.stop()
    assert not ended.running


@pytest.mark.parametrize("later", range(5))
async def test_who_loses_that_it_was_told_is_told_again(later: int) -> None:
    """``asyncio.wait_for`` does before Python 3.12, where what it waits for is there already."""
    event, ended = asyncio.Event(), Background()

    async def work() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), SOON)
        await asyncio.Event().wait()

    ended.start(work())
    await turns(5)
    event.set()
    await turns(later)
    async with asyncio.timeout(SOON):
        await ended.stop()


async def test_what_it_failed_with_is_raised_when_it_is_stopped() -> None:
    async def work() -> None:
        raise LookupError("nothing there")

    failed = Background()
    failed.start(work())
    await turns(2)
    with pytest.raises(LookupError, match="nothing there"):
        await failed.stop()
    await failed.stop()


async def test_whoever_stops_it_may_be_cancelled() -> None:
    """A stop that takes too long is given up."""
    tries = 0

    async def work() -> None:
        nonlocal tries
        while tries < 3:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            tries += 1

    stubborn = Background()
    stubborn.start(work())
    await turns(2)
    stopping = asyncio.create_task(stubborn.stop())
    await turns(2)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert tries == 1
    assert stubborn.running
    await stubborn.stop()
    assert tries == 3


async def test_what_was_never_started_is_stopped_at_once() -> None:
    never = Background()
    await never.stop()
    assert not never.running


async def test_an_event_is_waited_for_so_long() -> None:
    event = asyncio.Event()
    await within(event, 0.001)
    assert not event.is_set()
    asyncio.get_running_loop().call_soon(event.set)
    async with asyncio.timeout(SOON):
        await within(event, 10 * SOON)
    assert event.is_set()
