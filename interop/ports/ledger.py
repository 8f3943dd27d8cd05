"""Limits that several processes keep together, as each of them keeps its own part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol


class Taken(NamedTuple):
    """What was taken of one bucket since it was last told; the bucket gives ``burst`` at once, then ``rate`` a second."""

    name: str
    rate: float
    burst: float
    taken: int


class Ledger(Protocol):
    """Buckets of a process."""

    def taken(self, most: int) -> list[Taken]:
        """What was taken since this was last asked, of so many buckets at most."""
        ...

    def settle(self, levels: Iterable[tuple[str, float]]) -> None:
        """So much of each bucket that ``taken`` gave last, by its name, was left to all when that had been taken off."""
        ...
