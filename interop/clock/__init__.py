"""The clock is injected: production reads the system's, tests move their own.

Times inside the engine are integers, microseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

MICROSECONDS = 1_000_000


class Clock(Protocol):
    """Tells the present."""

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1000


class ManualClock:
    """A clock that stands still until it is moved; for tests."""

    def __init__(self, start: int = 1_767_225_600 * MICROSECONDS) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by so many seconds."""
        self._now += int(seconds * MICROSECONDS)


def instant(microseconds: int) -> str:
    """A FHIR ``instant`` in UTC with milliseconds, such as ``2026-01-01T00:00:00.000Z``."""
    seconds, rest = divmod(microseconds, MICROSECONDS)
    return f"{_second(seconds)}.{rest // 1000:03d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
