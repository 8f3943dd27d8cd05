"""What this process tells the others: one pipeline for all that was said while the last one was on its way."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from interop.background import within
from interop.ports.signals import ARRIVED, KINDS
from interop.signals.lasting import Counts, Ready

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEPT: Final = 64
"""Words of ``arrived`` that wait for one pipeline; of the other kinds the last says it all."""
LENGTH: Final = 1_000
"""Entries of the stream, about: what is older has woken nobody, and whoever comes looks in the journal."""


def number(word: str) -> str:
    """A word that may be told: digits, else nothing."""
    return word if word.isascii() and word.isdigit() and len(word) < 20 else ""


class Teller:
    """Writes ``arrived`` into the stream of who is free, all else to the channel that everybody hears. ``who`` is this process;
    after ``beat`` seconds in which nothing was said the connection is tried."""

    def __init__(self, prefix: str, who: str, counts: Counts, beat: float) -> None:
        self._beat = beat
        self._stream, self._channel, self._who, self._counts = f"{prefix}:arrived", f"{prefix}:told", who, counts
        self._arrived: deque[str] = deque(maxlen=KEPT)
        self._last: dict[str, str] = {}
        self._missed: set[str] = set()
        self._due = asyncio.Event()
        self._there = False

    def tell(self, kind: str, word: str) -> None:
        """Have it sent with the next pipeline; without a connection it is left out, and said without its word when there is one."""
        if kind not in KINDS:
            return
        word = number(word)
        if not self._there:
            self._counts.dropped += 1
            self._missed.add(kind)
        elif kind == ARRIVED:
            self._arrived.append(word)
        else:
            self._last[kind] = word
        self._due.set()

    async def work(self, client: Redis, ready: Ready) -> None:
        """Send for as long as the connection lasts."""
        self._there = True
        ready()
        try:
            while True:
                await within(self._due, self._beat)
                if not self._due.is_set():
                    await client.ping()
                    continue
                self._due.clear()
                arrived, last, missed = list(self._arrived), self._last, self._missed
                self._last, self._missed = {}, set()
                self._arrived.clear()
                said = len(arrived) + len(last)
                try:
                    await self._send(
                        client, [*arrived, *("" for kind in missed if kind == ARRIVED)], dict.fromkeys(missed, "") | last
                    )
                except BaseException:
                    self._counts.dropped += said
                    self._missed |= missed | last.keys() | ({ARRIVED} if arrived else set())
                    raise
                self._counts.sent += said
        finally:
            self._there = False
            if self._arrived or self._last:
                self._counts.dropped += len(self._arrived) + len(self._last)
                self._missed |= self._last.keys() | ({ARRIVED} if self._arrived else set())
                self._arrived.clear()
                self._last.clear()
            if self._missed:
                self._due.set()

    async def _send(self, client: Redis, arrived: list[str], told: dict[str, str]) -> None:
        async with client.pipeline(transaction=False) as pipeline:
            for word in arrived:
                pipeline.xadd(self._stream, {"m": word}, maxlen=LENGTH, approximate=True)
            for kind, word in told.items():
                if kind != ARRIVED:
                    pipeline.publish(self._channel, f"{kind} {word} {self._who}")
            await pipeline.execute()
