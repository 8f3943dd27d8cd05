"""The store as writers of the record use it: clients' own search parameters are indexed with whatever is committed, and decisions
know of it at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from interop.apply.claims import Deposed, mark, marked
from interop.apply.following import Following
from interop.apply.hearing import news_of
from interop.apply.locks import criteria, held
from interop.apply.reindexing import Reindexer
from interop.apply.routing import Router
from interop.apply.underway import Underway
from interop.apply.withholding import note
from interop.record.indexing import Indexing
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Plan, Read
from interop.store.seam import Store
from interop.store.values import CLAIM, NEWS, Change, Committed, Conflict, LinkEvent, Put, Stored

Key = tuple[str, str]
LATER = 1 << 62
"""After any time that a change bears."""


class IndexedStore:
    """A Store. A change that defines, alters or ends a search parameter is answered when what there is has been indexed by it, or
    after ``reindexer.patience`` seconds. ``heard`` hears of each change that is on disk before whoever made it is answered.

    A change that failed may be on disk all the same: a connection was lost with the answer. Whoever made it finds nothing left to
    do, so what it touched is read after the next commit, and heard as it is.

    Where other processes write too (``following``), a change tells them its news and expects that nothing was said meanwhile by
    which its index rows and deliveries would be others: it is completed anew then."""

    def __init__(
        self,
        store: Store,
        indexing: Indexing,
        reindexer: Reindexer,
        heard: Callable[[Change], None] = lambda change: None,
        underway: Underway | None = None,
    ) -> None:
        self._underway = underway or Underway()
        self._store, self._indexing, self._reindexer, self._heard = store, indexing, reindexer, heard
        self._doubted: dict[Key, Put] = {}
        self._relinked: list[LinkEvent] = []
        self.router: Router | None = None
        """Decides what of a change is to leave."""
        self.following: Following | None = None
        """Hears other processes; None where there are none."""
        self.changed: Callable[[], None] = lambda: None
        """Is told when a change is on disk that others hear of."""
        self.besides: list[Callable[[Change], None]] = []
        """Hear of each change as ``heard`` does, and of each that failed: what they keep may be untrue by it."""

    async def query(self, plan: Plan) -> list[Any]:
        return await self._store.query(plan)

    def stream(self, plan: Plan) -> AsyncIterator[Any]:
        return self._store.stream(plan)

    async def commit(self, change: Change) -> Committed | Conflict:
        try:
            with self._underway.at(min([put.stored.updated for put in change.puts], default=LATER)):
                result = await self._committed(change)
        except Exception:
            self._doubted.update({(put.stored.type, put.stored.id): put for put in change.puts})
            self._relinked = change.link_events or self._relinked
            for hears in self.besides:
                hears(change)
            raise
        if (change.puts or change.links) and isinstance(result, Committed):
            for put in change.puts:
                self._doubted.pop((put.stored.type, put.stored.id), None)
            await self._tell(change)
        if self._doubted or self._relinked:
            await self._settle()
        if isinstance(result, Committed):
            if self.following is not None and (change.puts or change.links or change.news):
                self.changed()
            if self.router is not None:
                self.router.committed(change)
        return result

    async def migrate(self) -> None:
        await self._store.migrate()

    async def _committed(self, change: Change) -> Committed | Conflict:
        following = self.following
        if following is None:
            await self._complete(change)
            return await self._store.commit(change)
        change.held, change.criteria = held(), criteria()
        claimed = mark(change)
        while True:
            index, meta, deliveries = [put.index for put in change.puts], list(change.meta), list(change.deliveries)
            change.known = following.turn if change.puts else -1
            await self._complete(change)
            change.news += news_of(change)
            result = await self._store.commit(change)
            if not isinstance(result, Conflict):
                if claimed is not None:
                    marked(claimed, change)
                return result
            if result.type == CLAIM:
                raise Deposed
            if result.type != NEWS:
                return result
            for put, rows in zip(change.puts, index, strict=True):
                put.index = rows
            change.meta, change.deliveries = meta, deliveries
            await following.now()

    async def _complete(self, change: Change) -> None:
        """Add what else is committed with a change."""
        if change.puts:
            self._indexing.complete(change)
        if change.puts or change.link_events:
            await note(self._store, change)
        if self.router is not None:
            await self.router.route(change)

    async def _tell(self, change: Change) -> None:
        self._heard(change)
        for hears in self.besides:
            hears(change)
        if change.puts and self._indexing.committed(change):
            await self._reindexer.settled()

    async def _settle(self) -> None:
        """Hear of what is there of what was doubted."""
        relinked, self._relinked = self._relinked, []
        if relinked:
            self._heard(Change(link_events=relinked))
        for key, put in list(self._doubted.items()):
            found: list[Stored] = await self._store.query(Read(PERMIT_ALL, *key))
            if self._doubted.get(key) is put:  # else it was heard of meanwhile
                del self._doubted[key]
                if found:
                    await self._tell(Change(puts=[Put(found[0], put.index)]))
