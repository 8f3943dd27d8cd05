"""The work that the checks of single resource types may cost, shared by all of one validation."""

from __future__ import annotations

WORK = 200_000
"""Comparisons, and what takes as long, that one validation may cost beside a look at each of its elements."""


class Exhausted(Exception):
    """The check would cost more than it may."""


class Work:
    """What is left of the work that a check may cost."""

    __slots__ = ("left",)

    def __init__(self, left: int = WORK) -> None:
        self.left = left

    def spend(self, steps: int) -> None:
        """Raises Exhausted when nothing is left."""
        self.left -= steps
        if self.left < 0:
            raise Exhausted
