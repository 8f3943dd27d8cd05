"""What everybody hears: the channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from interop.ports.signals import APPLIED, CHANGED, Heard
from interop.signals.lasting import Counts, Ready
from interop.signals.teller import number

if TYPE_CHECKING:
    from redis.asyncio import Redis

BEAT: Final = 5.0
"""Seconds of silence after which the connection is tried; after as many more it is given up."""


class Hearer:
    """Hears ``applied`` and ``changed`` of all others; ``who`` is this process, which is not told what it said itself."""

    def __init__(self, prefix: str, who: str, heard: Heard, counts: Counts, beat: float = BEAT) -> None:
        self._channel, self._who, self._heard, self._counts, self._beat = f"{prefix}:told", who, heard, counts, beat

    async def work(self, client: Redis, ready: Ready) -> None:
        """Hear for as long as the connection lasts; first, that something may have been missed. Raises ConnectionError for one that
        has gone silent."""
        async with client.pubsub() as channel:
            await channel.subscribe(self._channel)
            asked = False
            while True:
                said = await channel.get_message(timeout=self._beat)
                if said is None:
                    if asked:
                        raise ConnectionError
                    asked = True
                    await channel.ping()
                    continue
                asked = False
                if said["type"] == "subscribe":
                    ready()
                    self._heard(APPLIED, "")
                    self._heard(CHANGED, "")
                elif said["type"] == "message":
                    self._told(said["data"])

    def _told(self, data: bytes) -> None:
        """One message; what is no signal of ours is passed over."""
        kind, _, rest = data.decode("ascii", "replace").partition(" ")
        word, _, who = rest.partition(" ")
        if kind in (APPLIED, CHANGED) and who != self._who:
            self._counts.heard += 1
            self._heard(kind, number(word))
