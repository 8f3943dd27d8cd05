"""The store as writers of the record use it: clients' own search parameters are indexed with whatever is committed, and decisions
know of it at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from interop.apply.reindexing import Reindexer
from interop.record.indexing import Indexing
from interop.store.plan import Plan
from interop.store.seam import Store
from interop.store.values import Change, Committed, Conflict


class IndexedStore:
    """A Store. A change that defines, alters or ends a search parameter is answered when what there is has been indexed by it, or
    after ``reindexer.patience`` seconds. ``heard`` hears of each change that is on disk before whoever made it is answered."""

    def __init__(
        self, store: Store, indexing: Indexing, reindexer: Reindexer, heard: Callable[[Change], None] = lambda change: None
    ) -> None:
        self._store, self._indexing, self._reindexer, self._heard = store, indexing, reindexer, heard

    async def query(self, plan: Plan) -> list[Any]:
        return await self._store.query(plan)

    def stream(self, plan: Plan) -> AsyncIterator[Any]:
        return self._store.stream(plan)

    async def commit(self, change: Change) -> Committed | Conflict:
        if change.puts:
            self._indexing.complete(change)
        result = await self._store.commit(change)
        if (change.puts or change.links) and isinstance(result, Committed):
            self._heard(change)
            if change.puts and self._indexing.committed(change):
                await self._reindexer.settled()
        return result

    async def migrate(self) -> None:
        await self._store.migrate()
