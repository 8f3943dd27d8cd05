"""The store as the API reads it: whatever is given under a Decision is noted in its account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from interop.store.decision import Decision
from interop.store.plan import Plan
from interop.store.seam import Store
from interop.store.values import Change, Committed, Conflict, Stored


class ReadingStore:
    """A Store. Rows that are read under a Decision with an account are noted there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def query(self, plan: Plan) -> list[Any]:
        found = await self._store.query(plan)
        decision: Decision | None = getattr(plan, "decision", None)
        if decision is not None and decision.account is not None:
            account = decision.account
            for stored in found:
                if isinstance(stored, Stored):
                    account.resources += 1
                    if stored.subject:
                        account.patients[stored.subject] = None
        return found

    def stream(self, plan: Plan) -> AsyncIterator[Any]:
        return self._store.stream(plan)

    async def commit(self, change: Change) -> Committed | Conflict:
        return await self._store.commit(change)

    async def migrate(self) -> None:
        await self._store.migrate()
