"""Whoever waits until an entry of the journal has its outcome."""

from __future__ import annotations

import asyncio

from interop.ports import MessageState
from interop.store.plan import Message
from interop.store.seam import Store
from interop.store.values import Entry

WAITING = (MessageState.RECEIVED, MessageState.MAPPED)


class Awaiting:
    """Futures by entry."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, number: int) -> bool:
        return number in self._waiting

    def numbers(self) -> list[int]:
        """The entries that somebody waits for."""
        return list(self._waiting)

    async def settled(self, number: int) -> None:
        """Wait until an entry has its outcome on disk."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(number, []).append(future)
        found: list[Entry] = await self._store.query(Message(number))
        if found[0].state in WAITING:
            await future
        if future in (others := self._waiting.get(number, [])):
            others.remove(future)
            if not others:
                del self._waiting[number]

    def finished(self, number: int) -> None:
        """An entry has its outcome on disk."""
        for future in self._waiting.pop(number, ()):
            if not future.done():
                future.set_result(None)
