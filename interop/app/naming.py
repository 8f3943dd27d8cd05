"""The name of a process: had before anything is done, held while it lives."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from interop.background import Background
from interop.store.seats import Seats

EVERY: Final = 1.0
"""Seconds between two looks whether this process still has its name."""
_log = structlog.get_logger("interop.naming")


class Named:
    """Holds a name that was had. One that was lost, because the process was silent for too long, is had again as soon as it may be;
    where another is called so meanwhile, that is told once."""

    def __init__(self, seats: Seats, name: str) -> None:
        self._seats, self._name = seats, name
        self.had = True
        self._looking = Background()

    def start(self) -> None:
        """Begin to look."""
        self._looking.start(self._look())

    async def stop(self) -> None:
        """Look no more; the name goes with the connection."""
        await self._looking.stop()

    async def look(self) -> None:
        """Have the name, if it is free."""
        had = await self._seats.take(f"name {self._name}")
        if self.had and not had:
            _log.error("another process is called as this one, or the database cannot be had", called=self._name)
        self.had = had

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await self.look()
