"""Locks by name within the process, always taken in one order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

Name = tuple[str, str]


class Locks:
    """Who holds a name is alone with it; the others wait in the order in which they came."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Name, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, names: Iterable[Name]) -> AsyncIterator[None]:
        """Hold all of these names until the block ends."""
        taken: list[asyncio.Lock] = []
        try:
            for name in sorted(set(names)):
                lock = self._locks.get(name)
                if lock is None:
                    lock = self._locks[name] = asyncio.Lock()
                await lock.acquire()
                taken.append(lock)
            yield
        finally:
            for lock in taken:
                lock.release()
