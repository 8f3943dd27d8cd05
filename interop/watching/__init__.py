"""Figures that are kept while the engine works: counts by size, cheap enough for every request."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of times: from a read by id to a sender that gives up."""
SIZES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
"""Upper bounds of how much one commit holds."""


class Histogram:
    """How many values lay at or below each of ``bounds``, and their sum. Written by one thread, read by any."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """A value more."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def include(self, other: Histogram) -> None:
        """The values of another with the same bounds; raises ValueError for other bounds."""
        if other.bounds != self.bounds:
            raise ValueError("the bounds differ")
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.total += other.total

    @property
    def count(self) -> int:
        """How many values."""
        return sum(self.counts)

    def buckets(self) -> Iterator[tuple[str, int]]:
        """Each bound, as text, with how many lay at or below it; ``+Inf`` at the end."""
        below = 0
        for bound, count in zip((*map(repr, self.bounds), "+Inf"), self.counts, strict=True):
            below += count
            yield bound, below

    def within(self, share: float) -> float:
        """The least bound at or below which that share of the values lay; 0 without values, infinite beyond the last."""
        wanted, below = share * self.count, 0
        if not wanted:
            return 0.0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            below += count
            if below >= wanted:
                return bound
        return float("inf")
