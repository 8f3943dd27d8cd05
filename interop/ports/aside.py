"""What cannot be awaited, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def aside(name: str, longest: float, what: Callable[[], T]) -> T:
    """What ``what`` gives, in ``longest`` seconds at most; raises what it raises, and TimeoutError. Nothing else waits for its
    thread, neither another destination nor an engine that ends: what has no end is left to itself."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()
    Thread(target=_ask, args=(loop, answer, what), name=name, daemon=True).start()
    async with asyncio.timeout(longest):
        return await answer


def _ask(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T], what: Callable[[], T]) -> None:
    try:
        said = partial(answer.set_result, what())
    except Exception as error:
        said = partial(answer.set_exception, error)
    with suppress(RuntimeError):  # the engine has ended meanwhile
        loop.call_soon_threadsafe(lambda: None if answer.done() else said())
