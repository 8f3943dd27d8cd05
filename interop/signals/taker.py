"""What one of those who are free is told: the stream, with a consumer group."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from interop.background import within
from interop.ports.signals import ARRIVED, Heard
from interop.signals.lasting import Counts, Ready
from interop.signals.teller import number

if TYPE_CHECKING:
    from redis.asyncio import Redis

GROUP: Final = "workers"
BLOCK: Final = 1_000
"""Milliseconds for which it waits for an entry at a time."""
LEFT: Final = 2_000
"""Milliseconds after which an entry that was given to a process, and not confirmed, is another's: that process is gone."""
MOST: Final = 256
"""Entries at a time that woke nobody to any work: they are of messages long since applied."""
GONE: Final = 86_400_000
"""Milliseconds after which a process of which nothing was heard is struck off the group."""


class Taker:
    """Takes the next entry while this process is free, and confirms it when the process has claimed messages or found none: from
    then on the claim in the database stands for it."""

    def __init__(self, prefix: str, name: str, heard: Heard, counts: Counts, *, block: int = BLOCK, left: int = LEFT) -> None:
        self._stream, self._name, self._heard, self._counts = f"{prefix}:arrived", name, heard, counts
        self._block, self._left = block, left
        self._free, self._settled = asyncio.Event(), asyncio.Event()
        self._given: list[bytes] = []
        self._most = 1
        self._start = "0-0"

    def free(self) -> None:
        """Nothing to apply was found."""
        if self._given and not self._settled.is_set():
            self._most = min(2 * self._most, MOST)
        self._free.set()
        self._settled.set()

    def busy(self) -> None:
        """Messages were claimed."""
        self._most = 1
        self._free.clear()
        self._settled.set()

    async def work(self, client: Redis, ready: Ready) -> None:
        """Take for as long as the connection lasts; first, that something may have been missed."""
        await self._open(client)
        await self._strike(client)
        ready()
        self._heard(ARRIVED, "")
        while True:
            if self._given:
                await within(self._settled, self._left / 1_000)
                await client.xack(self._stream, GROUP, *self._given)
                self._given = []
            await self._free.wait()
            await self._take(client)

    async def _take(self, client: Redis) -> None:
        """Wait for entries for a while, then look for those of a process that is gone."""
        found: list[tuple[bytes, dict[bytes, bytes]]] = []
        for _, entries in await self._read(client, ">", self._block):
            found += entries
        if not found:
            self._start, found = await self._orphans(client)
        if not found:
            return
        if not self._free.is_set():  # it has found work of its own meanwhile: they are for another
            async with client.pipeline(transaction=False) as pipeline:
                pipeline.xack(self._stream, GROUP, *(each for each, _ in found))
                for _, said in found:
                    pipeline.xadd(self._stream, said, maxlen=10 * MOST)  # type: ignore[arg-type]
                await pipeline.execute()
            return
        self._given = [each for each, _ in found]
        self._free.clear()
        self._settled.clear()
        self._counts.heard += 1
        self._heard(ARRIVED, number(found[-1][1].get(b"m", b"").decode("ascii", "replace")))

    async def _read(self, client: Redis, since: str, block: int) -> Any:
        return await client.xreadgroup(GROUP, self._name, {self._stream: since}, count=self._most, block=block) or []

    async def _orphans(self, client: Redis) -> tuple[Any, Any]:
        start, entries, *_ = await client.xautoclaim(self._stream, GROUP, self._name, self._left, self._start, count=MOST)
        return start, [(each, said) for each, said in entries if said]

    async def _open(self, client: Redis) -> None:
        """Make stream and group where they are not; what is in it already is old."""
        from redis.exceptions import ResponseError

        try:
            await client.xgroup_create(self._stream, GROUP, id="$", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _strike(self, client: Redis) -> None:
        """Strike off processes that are long gone and have nothing left."""
        for each in await client.xinfo_consumers(self._stream, GROUP):
            if each["idle"] > GONE and not each["pending"]:
                await client.xgroup_delconsumer(self._stream, GROUP, each["name"])
