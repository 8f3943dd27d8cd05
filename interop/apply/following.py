"""What other processes commit, heard here: before a process decides anything by what it keeps in memory, it brings that up to date.

Each commit of the record has a turn, and says in rows what of it others keep (``Change.news``). One read tells the number of the
last turn and the news since the one that is known. Whoever asks while that is read waits for the next read: what was acknowledged
before somebody asked is heard before they are answered, and a hundred who ask at once cost two reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

import structlog

from interop.background import Background, within
from interop.errors import Problem
from interop.store.plan import NewsSince
from interop.store.seam import Store
from interop.store.sql.news import KEPT

Said = Mapping[str, tuple[str, ...]]
"""Ids by kind."""
EVERY: Final = 0.5
"""Seconds after which a process looks that nobody asks anything."""
log = structlog.get_logger(__name__)


class Following:
    """``hear`` takes in news; ``anew`` reads all that is kept, where the news are no longer there. ``turn`` is the last commit all
    of whose news are known here."""

    def __init__(self, store: Store, hear: Callable[[Said], Awaitable[None]], anew: Callable[[], Awaitable[None]]) -> None:
        self._store, self._hear, self._anew = store, hear, anew
        self.turn = 0
        self.every = EVERY
        self.reads = 0
        """Reads since the start."""
        self.moved: list[Callable[[], None]] = []
        """Are told when the record was changed."""
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._told = asyncio.Event()
        self._watching = Background()

    async def begin(self) -> None:
        """Follow from here on: what is kept is read after this."""
        ((self.turn, _, _), *_) = await self._store.query(NewsSince(1 << 62))

    async def start(self) -> None:
        """Look now and then, though nobody asks."""
        self._watching.start(self._watch())

    async def stop(self) -> None:
        """Follow no more."""
        await self._watching.stop()

    def signal(self) -> None:
        """There may be something new."""
        self._told.set()

    async def now(self) -> None:
        """Hear all that was committed before this was called. Raises Problem ``journal-unavailable``."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._running))
        await asyncio.shield(self._next)

    async def _after(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait((before,))
        self._running, self._next = self._next, None
        await self._catch_up()

    async def _catch_up(self) -> None:
        rows = await self._store.query(NewsSince(self.turn))
        self.reads += 1
        number: int = rows[0][0]
        if number == self.turn:
            return
        if not 0 <= number - self.turn <= KEPT:
            await self._anew()
        else:
            said: dict[str, dict[str, None]] = {}
            for _, kind, id_ in rows:
                if kind:
                    said.setdefault(kind, {})[id_] = None
            if said:
                await self._hear({kind: tuple(ids) for kind, ids in said.items()})
        self.turn = number
        for told in self.moved:
            told()

    async def _watch(self) -> None:
        while True:
            await within(self._told, self.every)
            self._told.clear()
            try:
                await self.now()
            except Problem as problem:
                log.warning("other processes not heard", reason=problem.reason.name)
            except Exception as error:
                log.error("other processes not heard", error=type(error).__name__)
                with suppress(Exception):
                    await asyncio.sleep(self.every)
