"""The name of a process: had before anything is done, held while it lives."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from interop.background import Background
from interop.store.seats import Seats

EVERY: Final = 1.0
"""Seconds between two looks whether this process still has its name."""
NAMED: Final = 8
"""How often a process asks for its name, each half a second."""
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


async def have_name(seats: Seats, name: str) -> None:
    """A process is called as no other that shares the database. One that has ended is waited for: the server may not have heard.

    Raises ValueError where another lives."""
    for again in range(NAMED):
        if await seats.take(f"name {name}"):
            return
        await asyncio.sleep(0.5 if again < NAMED - 1 else 0)
    raise ValueError(f"Another process that shares this database is called {name}: give each its own name with --name.")
