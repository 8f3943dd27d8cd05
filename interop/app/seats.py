"""What one process alone does, whichever it is: begun where its seat is had, ended where that is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from interop.background import Background
from interop.store.seats import Alone as Alone
from interop.store.seats import Seats

EVERY: Final = 1.0
"""Seconds between two looks at who has a seat."""
_log = structlog.get_logger("interop.seats")


class Seated:
    """One thing that is done where the seat ``name`` is had: ``begin`` when it comes, ``end`` when it goes."""

    def __init__(self, seats: Seats, name: str, begin: Callable[[], Awaitable[None]], end: Callable[[], Awaitable[None]]) -> None:
        self._seats, self.name, self._begin, self._end = seats, name, begin, end
        self.begun = False
        self._looking = Background()

    async def start(self) -> None:
        """Begin where the seat is free; else as soon as it is."""
        await self.look()
        self._looking.start(self._look())

    async def stop(self) -> None:
        """End, and let another have the seat."""
        await self._looking.stop()
        await self._ended()
        await self._seats.leave(self.name)

    async def look(self) -> None:
        """Begin or end, as the seat has come or gone. What cannot be begun leaves the seat to others, and raises."""
        if not await self._seats.take(self.name):
            await self._ended()
        elif not self.begun:
            self.begun = True
            try:
                await self._begin()
            except BaseException:
                await self._ended()
                await self._seats.leave(self.name)
                raise

    async def _ended(self) -> None:
        if self.begun:
            self.begun = False
            await self._end()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.look()
            except Exception as error:
                _log.error("what a seat is for could not be begun or ended", seat=self.name, error=type(error).__name__)
