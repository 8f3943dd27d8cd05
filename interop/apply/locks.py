"""Locks by name within the process, and beyond it where others write too; always taken in one order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Final, Protocol
from weakref import WeakValueDictionary

Name = tuple[str, str]
CRITERIA: Final = "?"
"""What the type of a name begins with that stands for criteria."""
LOST: Final = -1
"""Stands for a holder that is no longer."""
_holder: ContextVar[int] = ContextVar("holder", default=0)
_criteria: ContextVar[tuple[Name, ...]] = ContextVar("criteria", default=())


class LocksLost(Exception):
    """Names that somebody held may be another's: what they were about to write was not."""


class Beyond(Protocol):
    """Names over all processes that share a store."""

    async def take(self, names: Iterable[Name]) -> int:
        """Have these; the number that stands for all that this process holds, which a Change expects to hold still. Raises Problem
        where that cannot be had."""
        ...

    def give(self, names: Iterable[Name], holder: int) -> None:
        """Let others have them."""
        ...

    async def others(self) -> int:
        """How many other processes may hold names now. Raises as ``take``."""
        ...


def held() -> int:
    """The holder under whose names the task works; 0 where it holds none beyond the process."""
    return _holder.get()


def criteria() -> tuple[Name, ...]:
    """Those of the names beyond the process under which the task works that stand for criteria."""
    return _criteria.get()


class Locks:
    """Who holds a name is alone with it; the others of the process wait in the order in which they came. ``beyond`` keeps other
    processes from it too. Where a task holds names and takes more, those of criteria come first, then those of resources, then what
    stands alone (whose type is '')."""

    def __init__(self, beyond: Beyond | None = None) -> None:
        self._locks: WeakValueDictionary[Name, asyncio.Lock] = WeakValueDictionary()
        self._beyond = beyond

    def hold(self, names: Iterable[Name]) -> Held:
        """Hold all of these names until the block ends."""
        return Held(self._locks, sorted(set(names)), self._beyond)


class Held:
    """Names that are held while a block runs."""

    __slots__ = ("_before", "_beyond", "_holder", "_locks", "_named", "_names", "_taken")

    def __init__(self, locks: WeakValueDictionary[Name, asyncio.Lock], names: list[Name], beyond: Beyond | None) -> None:
        self._locks, self._names, self._beyond = locks, names, beyond
        self._taken: list[asyncio.Lock] = []
        self._holder = 0
        self._before: Token[int] | None = None
        self._named: Token[tuple[Name, ...]] | None = None

    async def __aenter__(self) -> None:
        try:
            for name in self._names:
                lock = self._locks.get(name)
                if lock is None:
                    lock = self._locks[name] = asyncio.Lock()
                await lock.acquire()
                self._taken.append(lock)
            if self._beyond is not None and self._names:
                self._holder = await self._beyond.take(self._names)
                outer = _holder.get()
                self._before = _holder.set(self._holder if outer in (0, self._holder) else LOST)
                self._named = _criteria.set((*_criteria.get(), *(name for name in self._names if name[0].startswith(CRITERIA))))
        except BaseException:
            self._release()
            raise

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._release()

    def _release(self) -> None:
        if self._before is not None:
            _holder.reset(self._before)
            self._before = None
        if self._named is not None:
            _criteria.reset(self._named)
            self._named = None
        if self._beyond is not None and self._holder:
            self._beyond.give(self._names, self._holder)
            self._holder = 0
        for lock in self._taken:
            lock.release()
        self._taken.clear()
