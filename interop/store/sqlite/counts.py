"""Counts that are kept while the record does not change.

What a predicate asks of access rows depends on the time, and policy asks with the time of the second. Between two times at which
any access row begins or ends a count is the same: when that is, is looked up once a count is asked for again in another second.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from interop.store.plan import Count
from interop.store.sql.shapes import Shapes
from interop.store.sql.statement import Steps

ROOM = 1_000
"""Counts that are kept."""
EVER = 2**63 - 1


class Made(NamedTuple):
    """A count and the time (microseconds) that its predicate asked with."""

    at: int
    found: list[int]


class Counts:
    """The counts of one store; ``changes`` tells how often the record has changed in what a search may find."""

    def __init__(self, shapes: Shapes, changes: Callable[[], int]) -> None:
        self._shapes, self._changes = shapes, changes
        self._made: dict[tuple[Any, ...], Made] = {}
        self._at = 0
        self._same: tuple[int, int] | None = None

    def clear(self) -> None:
        """Keep nothing."""
        self._made.clear()
        self._same = None

    async def of(
        self,
        plan: Count,
        count: Callable[[], Awaitable[list[int]]],
        look: Callable[[int], Awaitable[tuple[int, int]]],
    ) -> list[int]:
        """A count: one that is kept, or what ``count`` comes to. ``look`` tells around a time between which times no access row
        begins or ends, as ``standing``."""
        changes = self._changes()
        if self._at != changes or len(self._made) >= ROOM:
            self.clear()
            self._at = changes
        ruled = self._shapes.rule(plan.decision.predicate)
        key = (plan.type, plan.where, plan.most, ruled.timeless)
        made = self._made.get(key)
        if made is not None and (made.at == ruled.at or await self._between(made.at, ruled.at, look)):
            return made.found
        before = self._changes()
        found = await count()
        if before == self._changes() == self._at:
            self._made[key] = Made(ruled.at, found)
        return found

    async def _between(self, one: int, other: int, look: Callable[[int], Awaitable[tuple[int, int]]]) -> bool:
        """Whether the record has not changed and no access row begins or ends between the times."""
        if self._same is None or not self._same[0] <= other < self._same[1]:
            before = self._changes()
            found = await look(other)
            if not before == self._changes() == self._at:
                return False
            self._same = found
        return self._same[0] <= one < self._same[1] and self._same[0] <= other < self._same[1]


def standing(at: int) -> Steps[tuple[int, int]]:
    """The last time up to ``at`` and the first after it at which an access row begins or ends."""
    rows = yield (
        "SELECT max(max(CASE WHEN x.low <= :at THEN x.low ELSE -1 END), max(CASE WHEN x.high <= :at THEN x.high ELSE -1 END)), "
        "min(min(CASE WHEN x.low > :at THEN x.low ELSE :ever END), min(CASE WHEN x.high > :at THEN x.high ELSE :ever END)) "
        "FROM index_access x",
        {"at": at, "ever": EVER},
    )
    low, high = rows[0]
    return (-1 if low is None else low, EVER if high is None else high)
