"""A connection that is made again whenever it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from interop.background import Background

if TYPE_CHECKING:
    from redis.asyncio import Redis

FIRST: Final = 0.1
LAST: Final = 5.0
"""Seconds before it is tried again: twice as many each time."""
_log = structlog.get_logger("interop.signals")


Ready = Callable[[], None]
Work = Callable[["Redis", Ready], Awaitable[None]]


@dataclass(slots=True)
class Counts:
    """Since the start: signals sent, not sent because Redis was away, heard; connections lost and made again, and
    tries that failed."""

    sent: int = 0
    dropped: int = 0
    heard: int = 0
    lost: int = 0
    reconnects: int = 0
    failed: int = 0


class Lasting:
    """One connection, for one piece of work that goes on until the connection fails, and says when it has really begun. ``pauses``:
    seconds before the second try and at most before any other."""

    def __init__(
        self,
        what: str,
        connect: Callable[[], Redis],
        work: Work,
        counts: Counts,
        pauses: tuple[float, float] = (FIRST, LAST),
    ) -> None:
        self._what, self._connect, self._work, self._counts, self._pauses = what, connect, work, counts, pauses
        self._task = Background()
        self._said = ""
        self._stood = False
        self.connected = False

    def start(self) -> None:
        """Begin to connect."""
        self._task.start(self._run())

    async def stop(self) -> None:
        """End the work and the connection."""
        await self._task.stop()

    async def _run(self) -> None:
        first, last = self._pauses
        pause, loop = first, asyncio.get_running_loop()
        while True:
            begun = loop.time()
            try:
                await self._once()
            except Exception as error:  # whatever it is: nobody waits for this, and it is tried again
                self._counts.failed += 1
                self._say(type(error).__name__)
            if loop.time() - begun > last:
                pause = first
            await asyncio.sleep(pause)
            pause = min(2 * pause, last)

    async def _once(self) -> None:
        """One connection, until it fails; raises what it failed with."""
        client = self._connect()
        try:
            await client.ping()
            await self._work(client, self._ready)
        finally:
            self._counts.lost += self.connected
            self.connected = False
            with suppress(Exception):
                await client.aclose()

    def _ready(self) -> None:
        self._counts.reconnects += self._stood
        self.connected = self._stood = True
        self._say("")

    def _say(self, what: str) -> None:
        """Tell the log once for each state, not for each try."""
        if what != self._said:
            self._said = what
            if what:
                _log.warning("Redis is away: all goes on, slower", what=self._what, why=what)
            else:
                _log.info("Redis is there again", what=self._what)
