"""The port of signals by Redis: three connections, each of which may fail and come back by itself."""

from __future__ import annotations

from functools import partial
from secrets import token_hex
from typing import Final

from interop.ports.signals import Heard
from interop.signals.hearer import BEAT, Hearer
from interop.signals.lasting import FIRST, LAST, Counts, Lasting
from interop.signals.levels import Levels
from interop.signals.place import ANSWERING, Place
from interop.signals.taker import BLOCK, LEFT, Taker
from interop.signals.teller import Teller

ALONE: Final = 0.05
TOLD: Final = 0.5
"""Seconds between two looks of whoever awaits something: without a connection, and with one."""


class RedisSignals:
    """Signals and shared limits of one process. ``name`` is the process's, ``prefix`` the database's (``place.prefix``), ``secret``
    that of the deployment by which names of limits are disguised. Seconds: ``pauses`` before the second try and at most before any
    other; ``beat`` until a silent connection is tried; ``answering`` until a stopped server counts as gone; ``left`` until what was
    given to a process that is gone is another's."""

    def __init__(
        self,
        place: Place,
        prefix: str,
        name: str,
        secret: bytes,
        *,
        pauses: tuple[float, float] = (FIRST, LAST),
        beat: float = BEAT,
        answering: float = ANSWERING,
        left: float = LEFT / 1_000,
    ) -> None:
        self._place, self._prefix, self._name = place, prefix, name
        self._pauses, self._beat, self._answering, self._left = pauses, beat, answering, left
        self._who = token_hex(4)
        self.counts = Counts()
        self._teller = Teller(prefix, self._who, self.counts, beat)
        self._taker = Taker(prefix, name, self._hear, self.counts, block=min(BLOCK, int(1_000 * left)), left=int(1_000 * left))
        self._hearer = Hearer(prefix, self._who, self._hear, self.counts, beat)
        self.levels = Levels(prefix, secret)
        self._heard: Heard | None = None
        self._lines: list[Lasting] = []

    @property
    def connected(self) -> bool:
        """Whether all connections stand."""
        return bool(self._lines) and all(each.connected for each in self._lines)

    @property
    def wait(self) -> float:
        """Seconds between two looks; few where nothing can be heard."""
        return TOLD if self.connected else ALONE

    def tell(self, kind: str, word: str = "") -> None:
        """Say it to the others with the next pipeline."""
        self._teller.tell(kind, word)

    def free(self) -> None:
        """Ask for the next ``arrived``."""
        self._taker.free()

    def busy(self) -> None:
        """The next one is for another."""
        self._taker.busy()

    async def start(self, heard: Heard) -> None:
        """Begin to connect."""
        self._heard = heard
        blocked = self._answering + BLOCK / 1_000
        for what, work, answering in (
            ("tell", self._teller.work, self._answering),
            ("hear", self._hearer.work, self._answering + self._beat),
            ("take", self._taker.work, blocked),
            ("limits", self.levels.work, self._answering),
        ):
            line = Lasting(what, partial(self._place.connect, answering), work, self.counts, self._pauses)
            line.start()
            self._lines.append(line)

    async def stop(self) -> None:
        """End the connections."""
        for each in self._lines:
            await each.stop()
        self._lines = []
        self._heard = None

    def figures(self) -> dict[str, float]:
        """For ``/metrics``, by name."""
        counts = self.counts
        return {
            "redis_connected": float(self.connected),
            "redis_signals_sent": counts.sent,
            "redis_signals_heard": counts.heard,
            "redis_signals_dropped": counts.dropped,
            "redis_connections_lost": counts.lost,
            "redis_reconnects": counts.reconnects,
        }

    def _hear(self, kind: str, word: str) -> None:
        if self._heard is not None:
            self._heard(kind, word)
