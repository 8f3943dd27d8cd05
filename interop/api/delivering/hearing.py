"""What a destination says on its own connection, kept in its order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from interop.background import within
from interop.clock import MICROSECONDS
from interop.errors import Problem
from interop.notify.backoff import waits
from interop.ports import Acknowledgement

MOST: Final = 1_000
"""Acknowledgements of one destination that wait for a store that is away; what comes then is not answered."""
LONGEST: Final = 30.0
"""Seconds between two tries."""
_log = structlog.get_logger("interop.deliveries")


class Hearing:
    """``keeps`` writes down what was said, and tells whether it names anything. Raises Problem where the store cannot be written:
    then it is tried again, before anything that was said later."""

    def __init__(self, name: str, keeps: Callable[[Acknowledgement], Awaitable[bool]]) -> None:
        self._name, self._keeps = name, keeps
        self._said: deque[tuple[Acknowledgement, asyncio.Future[bool]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def tell(self, said: Acknowledgement) -> asyncio.Future[bool]:
        """As ``interop.ports.destination.Returned``."""
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if self._stopping.is_set() or len(self._said) >= MOST:
            kept.cancel()
            return kept
        self._said.append((said, kept))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return kept

    async def stop(self) -> None:
        """What can be kept is; what cannot is missed when its time has come."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait((self._task,))
        for _, kept in self._said:
            kept.cancel()

    async def _work(self) -> None:
        failed = 0
        while self._said:
            said, kept = self._said[0]
            try:
                known = await self._keeps(said)
            except Problem as problem:
                _log.error("an acknowledgement cannot be kept", destination=self._name, error=problem.reason.name)
                failed += 1
                if self._stopping.is_set():
                    return
                await within(self._stopping, min(waits(failed) / MICROSECONDS, LONGEST))
                continue
            failed = 0
            self._said.popleft()
            if not kept.done():
                kept.set_result(known)
