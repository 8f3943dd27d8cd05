"""Changes that bear a time and are not on disk yet: up to which time the record is complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count


class Underway:
    """Times of changes, from when each is chosen until the change is on disk or given up."""

    def __init__(self) -> None:
        self._times: dict[int, int] = {}
        self._numbers = count()

    @contextmanager
    def at(self, time: int) -> Iterator[None]:
        """What is written within bears this time (microseconds) or a later one."""
        number = next(self._numbers)
        self._times[number] = time
        try:
            yield
        finally:
            del self._times[number]

    def complete(self, now: int) -> int:
        """The latest time, at most ``now``, of which every change that bears it or an earlier one is on disk or never will be."""
        return min([now, *(time - 1 for time in self._times.values())])
