"""The store seam: four methods. Nobody else opens a transaction or writes SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from interop.store.plan import Plan
from interop.store.values import Change, Committed, Conflict


class Store(Protocol):
    """Journal and record. ``query`` and ``commit`` raise ``Problem('journal-unavailable')`` where the disk fails."""

    async def query(self, plan: Plan) -> list[Any]:
        """Answer a plan; each plan's docstring names what the list holds. Never suspends for bounded indexed reads on SQLite."""
        ...

    def stream(self, plan: Plan) -> AsyncIterator[Any]:
        """Answer a plan one by one in flat memory."""
        ...

    async def commit(self, change: Change) -> Committed | Conflict:
        """Make a change durable and visible, all of it or nothing; returns when it is on disk."""
        ...

    async def migrate(self) -> None:
        """Bring the schema to this version's, forward, data in place."""
        ...
