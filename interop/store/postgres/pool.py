"""Connections that read. Each is opened when it is first needed, used by one read at a time, and left as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from interop.errors import Problem
from interop.store.postgres.connection import Connection, is_costly, is_lost, leave, run, unavailable
from interop.store.sql.statement import Steps, T


class Pool:
    """At most ``size`` connections; more reads than that wait for their turn."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], size: int) -> None:
        self._connect = connect
        self._free: list[Connection] = []
        self._turns = asyncio.Semaphore(size)
        self._closed = False

    async def read(self, steps: Callable[[], Steps[T]]) -> T:
        """Run steps that only read. A connection that proves lost is replaced, once: a restarted server goes unnoticed.
        One that is silent is waited for once.

        Raises Problem: ``too-costly``, ``journal-unavailable``, ``stopping``.
        """
        async with self._turns:
            if self._closed:
                raise Problem("stopping")
            try:
                return await self._read(steps)
            except Exception as error:
                if not is_lost(error) or is_costly(error):
                    raise
                if isinstance(error, TimeoutError):
                    raise unavailable(error) from None
            try:
                return await self._read(steps)
            except Exception as error:
                if is_lost(error):
                    raise unavailable(error) from None
                raise

    async def _read(self, steps: Callable[[], Steps[T]]) -> T:
        connection = await self._take()
        try:
            found = await run(connection, steps())
        except BaseException as error:
            if isinstance(error, Exception) and is_costly(error):
                await self._give(connection)
                raise Problem("too-costly") from None
            connection.terminate()  # lost, or broken off in the middle of an answer
            raise
        await self._give(connection)
        return found

    async def _give(self, connection: Connection) -> None:
        if self._closed:
            await leave(connection)
        else:
            self._free.append(connection)

    async def _take(self) -> Connection:
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
        return await self._connect()

    async def close(self) -> None:
        """Close the connections that are free, and no others are opened; what is still being read ends by itself."""
        self._closed = True
        while self._free:
            await leave(self._free.pop())
