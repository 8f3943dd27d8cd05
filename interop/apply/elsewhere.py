"""What other processes do with messages: what became of those that somebody here waits for, and how many are left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from interop.background import Background, within
from interop.errors import Problem
from interop.ports import MessageState
from interop.store.plan import Backlog, Outcomes
from interop.store.seam import Store
from interop.store.values import Outcome

COUNTED: Final = 0.25
"""Seconds between two counts of what is left."""
AT_ONCE: Final = 1_000
"""Messages that are looked up at a time."""
log = structlog.get_logger(__name__)

Told = Callable[[int, MessageState, Problem | None], None]


class Elsewhere:
    """Looks into the store now and then. ``awaited`` are the messages that somebody waits for, ``told`` hears what became of them;
    ``counted`` hears how many are left, and ``count`` of the additions here before that was read. ``every`` tells the seconds
    between two looks of whoever waits."""

    def __init__(
        self,
        store: Store,
        awaited: Callable[[], Iterable[int]],
        told: Told,
        count: Callable[[], int],
        counted: Callable[[int, int], None],
        every: Callable[[], float],
    ) -> None:
        self._store, self._awaited, self._told = store, awaited, told
        self._count, self._counted = count, counted
        self._every = every
        self._before: set[int] = set()
        self._heard = asyncio.Event()
        self._watching = Background()

    def start(self) -> None:
        """Begin."""
        self._watching.start(self._watch())

    async def stop(self) -> None:
        """Look no more."""
        await self._watching.stop()

    def signal(self) -> None:
        """Something was applied."""
        self._heard.set()

    async def look(self) -> None:
        """Tell what became of those that were waited for already when this was called last: what is done here is told by itself."""
        awaited = dict.fromkeys(self._awaited())
        wanted = [message for message in awaited if message in self._before or self._heard.is_set()]
        self._heard.clear()
        self._before = set(awaited)
        for start in range(0, len(wanted), AT_ONCE):
            found: list[Outcome] = await self._store.query(Outcomes(tuple(wanted[start : start + AT_ONCE])))
            for one in found:
                state = MessageState(one.state)
                problem = Problem(one.reason, where=one.where) if one.reason and state is not MessageState.APPLIED else None
                self._told(one.message, state, problem)

    async def tally(self) -> None:
        """Count what is left."""
        before = self._count()
        (left,) = await self._store.query(Backlog())
        self._counted(left, before)

    async def _watch(self) -> None:
        loop, due = asyncio.get_running_loop(), 0.0
        while True:
            try:
                await self.look()
                if loop.time() >= due:
                    await self.tally()
                    due = loop.time() + COUNTED
            except Exception as error:
                reason = error.reason.name if isinstance(error, Problem) else type(error).__name__
                log.warning("what other processes do is not known; trying again", reason=reason)
            await within(self._heard, min(self._every(), COUNTED))
