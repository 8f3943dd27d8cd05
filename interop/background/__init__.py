"""Work that goes on beside what is asked: begun and ended with the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

PATIENCE: Final = 1.0
"""Seconds after which a task that still runs is cancelled again."""


class Background:
    """At most one task."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._task is not None

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin; the work may go on for ever."""
        self._task = asyncio.create_task(work)

    async def stop(self) -> None:
        """End it, wherever it is; raises what it had failed with.

        A task may lose that it was cancelled (libraries under it wait in ways that do), and would never be done: it is told again.
        Whoever cancels the caller meanwhile is heeded.
        """
        task = self._task
        if task is None:
            return
        while not task.done():
            task.cancel()
            await asyncio.wait((task,), timeout=PATIENCE)
        self._task = None
        if not task.cancelled():
            task.result()


async def within(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but no longer than that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
