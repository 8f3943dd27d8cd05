"""Locks by name within the process, always taken in one order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType
from weakref import WeakValueDictionary

Name = tuple[str, str]


class Locks:
    """Who holds a name is alone with it; the others wait in the order in which they came."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Name, asyncio.Lock] = WeakValueDictionary()

    def hold(self, names: Iterable[Name]) -> Held:
        """Hold all of these names until the block ends."""
        return Held(self._locks, sorted(set(names)))


class Held:
    """Names that are held while a block runs."""

    __slots__ = ("_locks", "_names", "_taken")

    def __init__(self, locks: WeakValueDictionary[Name, asyncio.Lock], names: list[Name]) -> None:
        self._locks, self._names = locks, names
        self._taken: list[asyncio.Lock] = []

    async def __aenter__(self) -> None:
        try:
            for name in self._names:
                lock = self._locks.get(name)
                if lock is None:
                    lock = self._locks[name] = asyncio.Lock()
                await lock.acquire()
                self._taken.append(lock)
        except BaseException:
            self._release()
            raise

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._release()

    def _release(self) -> None:
        for lock in self._taken:
            lock.release()
        self._taken.clear()
