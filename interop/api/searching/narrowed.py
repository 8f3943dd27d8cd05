"""Scopes with criteria as predicates (SMART App Launch 2.2, 3.0.2.4: scopes with search parameters)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from interop.api.searching.ground import Ground, Known, Unexpanded
from interop.api.searching.query import understand
from interop.api.searching.standing import known
from interop.errors import Problem
from interop.policy.scopes import Scope
from interop.record.indexing import Indexing
from interop.store.where import Where

DAY: Final = 86_400_000_000
"""Microseconds: so long ``ap`` of a date stands as it was understood."""


def narrowed(indexing: Indexing, scopes: tuple[Scope, ...], now: int) -> tuple[tuple[Scope, Where], ...]:
    """What the criteria of scopes ask of a resource of their type. One that is not wholly understood is left out, and
    gives nothing."""
    if not any(scope.criteria for scope in scopes):
        return ()
    return _read(known(indexing), scopes, now // DAY)


@lru_cache(maxsize=1024)
def _read(known: Known, scopes: tuple[Scope, ...], day: int) -> tuple[tuple[Scope, Where], ...]:
    ground = Ground(known, "", day * DAY)
    found: list[tuple[Scope, Where]] = []
    for scope in scopes:
        if not scope.criteria:
            continue
        try:
            where = understand(ground, (scope.type,), scope.criteria, strict=True).where
        except (Problem, Unexpanded):
            continue
        if where is not None:
            found.append((scope, where))
    return tuple(found)
