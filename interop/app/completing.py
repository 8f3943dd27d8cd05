"""What the audit lacks because a process has ended is given to it by another: the one that has the seat.

A message is journalled before the audit has its number, a takedown is done before the audit has who is told of it. Who does either
puts it down within moments; what is older than ``GRACE`` and not there is of a process that is no more.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from interop.app.audited import Audited
from interop.background import Background
from interop.clock import MICROSECONDS, Clock

EVERY: Final = 5.0
"""Seconds between two looks."""
GRACE: Final = 10 * MICROSECONDS
AGAIN: Final = 200_000
"""The latest messages that are looked at first: no more come in ``GRACE`` and in the time for which nobody had the seat."""
_log = structlog.get_logger("interop.audit")


class Completing:
    """Begun and ended with the seat."""

    def __init__(self, audited: Audited, clock: Clock) -> None:
        self._audited, self._clock = audited, clock
        self._after = -1
        self._working = Background()

    async def begin(self) -> None:
        """Look at the latest messages, then at those that come."""
        self._after = -1
        self._working.start(self._work())

    async def end(self) -> None:
        """Another process does."""
        await self._working.stop()

    async def look(self) -> None:
        """One look. Raises Problem."""
        until = self._clock.now() - GRACE
        if self._after < 0:
            await self._audited.trail.aside(self._audited.trail.catch_up)
            self._after = max(0, await self._audited.trail.aside(self._audited.trail.index.last_message) - AGAIN)
        self._after = await self._audited.complete(self._after, until)
        await self._audited.seen(until)

    async def _work(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:
                _log.error("the audit was not completed; trying again", error=type(error).__name__)
            await asyncio.sleep(EVERY)
