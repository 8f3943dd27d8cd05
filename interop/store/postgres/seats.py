"""Seats over the processes that share a database: session advisory locks, on a connection of their own.

A process that is silent for some seconds, because it hangs or its network is gone, loses its seats: the server ends the connection.
It finds that out when it asks again; what a seat is for has to bear that two do it for so long. While it starts it may be silent
for longer: tables are compiled, and nobody waits for what it has but another of its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

import structlog

from interop.background import Background
from interop.store.postgres.connection import Connection, leave
from interop.store.postgres.locks import ALIVE, SILENT, why
from interop.store.seats import number

SEAT: Final = 0x696E7469
"""The first key of the advisory locks of seats; the second is made of the name."""
STARTING: Final = 60.0
"""Seconds of silence after which the server ends the connection of a process that starts."""
log = structlog.get_logger()


class AdvisorySeats:
    """``connect`` makes the connection, which the server is told to end after ``silent`` seconds of silence; after ``starting``
    until ``started`` is called."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], silent: float = SILENT, starting: float = STARTING) -> None:
        self._connect, self._silent, self._patience = connect, silent, starting
        self._said = 0.0
        """When the server was heard last."""
        self._connection: Connection | None = None
        self._held: set[int] = set()
        self._one = asyncio.Lock()
        self._alive = Background()

    async def take(self, name: str) -> bool:
        """Have the seat if nobody else has it; whether this process has it now. Never raises."""
        seat = number(name)
        async with self._one:
            try:
                async with asyncio.timeout(self._patience):
                    connection = await self._ready()
                    if seat in self._held:
                        await connection.execute("SELECT 1")
                    elif await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", SEAT, seat):
                        self._held.add(seat)
                    self._said = monotonic()
            except Exception as error:
                self._lost(error)
        return seat in self._held

    async def leave(self, name: str) -> None:
        """Let another have it."""
        seat = number(name)
        async with self._one:
            if seat in self._held:
                self._held.discard(seat)
                try:
                    async with asyncio.timeout(self._patience):
                        await (await self._ready()).fetchval("SELECT pg_advisory_unlock($1, $2)", SEAT, seat)
                except Exception as error:
                    self._lost(error)

    async def started(self) -> None:
        """From now on this process is gone when it is silent."""
        self._patience = self._silent
        async with self._one:
            if self._connection is not None:
                try:
                    async with asyncio.timeout(self._patience):
                        await self._lease(self._connection)
                except Exception as error:
                    self._lost(error)

    async def close(self) -> None:
        """Let others have all."""
        await self._alive.stop()
        self._held.clear()
        if self._connection is not None:
            await leave(self._connection)
            self._connection = None

    async def _ready(self) -> Connection:
        if self._connection is not None and self._connection.is_closed():
            self._lost(ConnectionError())
        if self._connection is None:
            connection = await self._connect()
            try:
                await self._lease(connection)
            except BaseException:
                connection.terminate()
                raise
            self._connection = connection
            if not self._alive.running:
                self._alive.start(self._keep())
        return self._connection

    async def _lease(self, connection: Connection) -> None:
        """Say after how long a silence the server may take this process for gone."""
        await connection.execute(f"SET idle_session_timeout = '{int(self._patience * 1_000)}ms'")
        self._said = monotonic()

    async def _keep(self) -> None:
        """Say that this process is there."""
        while True:
            await asyncio.sleep(ALIVE)
            async with self._one:
                if self._connection is not None:
                    try:
                        async with asyncio.timeout(self._patience):
                            await self._connection.execute("SELECT 1")
                        self._said = monotonic()
                    except Exception as error:
                        self._lost(error)

    def _lost(self, error: Exception) -> None:
        if self._held:
            log.warning("seats lost", **why(error, monotonic() - self._said, self._patience))
        self._held.clear()
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
