"""Index rows of what is already in the record: after an upgrade that indexes more, and for a search parameter that is new.

A meta value of the store tells by what the resources of each type are indexed. Types for which that is not what is wanted are read
in portions, and the rows of each present version are written anew; no version is made. A type that was begun is done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any, Final

import orjson
import structlog

from interop.apply.drafts import OWNER
from interop.background import Background, within
from interop.clock import Clock
from interop.errors import Category, Problem
from interop.fhir import facts
from interop.record.indexing import BASES, DEFINITIONS, Indexing
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Meta, Search
from interop.store.seam import Store
from interop.store.values import Change, News, Reindexed, Stored
from interop.store.where import Updated, Where

META: Final = "indexed-by"
PORTION: Final = 50
"""Resources of a commit in the background: some milliseconds of computing."""
BATCH: Final = 500
"""Resources of a commit before anything is served."""
TOLD: Final = 50_000
"""Resources after which the log has a line."""
OVERLAP: Final = 60_000_000
"""Microseconds: a version that was computed before a parameter was known may be committed so much later."""
AGAIN = 1.0
"""Seconds between two tries while the disk cannot be had."""
log = structlog.get_logger(__name__)


class Reindexer:
    """Keeps the index of ``store`` at what ``indexing`` wants. ``patience``: seconds that the writer of a definition waits."""

    def __init__(self, store: Store, indexing: Indexing, clock: Clock, *, patience: float = 5.0) -> None:
        self._store, self._indexing, self._clock = store, indexing, clock
        self.patience = patience
        self.elsewhere = False
        """Whether another process may index, where this one does not."""
        self._indexing_now = False
        self._digests: dict[str, str] = {}
        self._wanted = asyncio.Event()
        self._idle = asyncio.Event()
        self._watching = Background()
        self.written = 0
        """Resources indexed anew since the start."""

    async def start(self) -> None:
        """Learn clients' parameters, bring an older index up to date, then watch for new definitions.

        An upgrade is indexed before anything is served: a search by what is half indexed would leave people's records out.
        """
        await self._read()
        await self.addresses()
        await self.defined()
        await self._catch_up()
        self._idle.set()
        self._watching.start(self._watch())

    async def _read(self) -> None:
        kept = await self._store.query(Meta(META))
        self._digests = orjson.loads(kept[0]) if kept else {}

    async def addresses(self) -> None:
        """Learn by which addresses resources refer to this server."""
        bases = await self._store.query(Meta(BASES))
        self._indexing.bases |= set(orjson.loads(bases[0]) if bases else ())

    async def defined(self) -> None:
        """Learn clients' parameters."""
        definitions: dict[str, dict[str, Any] | None] = dict.fromkeys(self._indexing.defined)
        definitions.update({each.id: orjson.loads(each.body) async for each in self._all(DEFINITIONS, None)})
        self._indexing.heard(definitions)

    async def heard(self) -> None:
        """Another process has defined what is to be indexed, or has indexed it: what is done is answered from now on, what is not
        is begun where that is done here."""
        if not self._indexing_now:
            await self._read()
        for kind, digest in self._digests.items():
            if self._indexing.waiting(kind) and digest == self._indexing.digest(kind):
                self._indexing.ready(kind, self._indexing.own(kind))
        if self._watching.running:
            self._wanted.set()
        elif not any(self._indexing.waiting(kind) for kind in facts.resource_types()):
            self._idle.set()

    async def stop(self) -> None:
        """End; a type that is not done is done at the next start."""
        await self._watching.stop()
        self._idle.set()

    async def settled(self) -> None:
        """Begin to index by what is defined now; wait until that is done, or for ``patience``."""
        if not self._watching.running and not self.elsewhere:
            return
        self._idle.clear()
        self._wanted.set()
        await within(self._idle, self.patience)

    async def _watch(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._catch_up(gently=True)
            except Exception as error:
                log.error("reindexing failed", error=type(error).__name__)
                if isinstance(error, Problem) and error.reason.category is Category.UNAVAILABLE:
                    self._idle.set()  # whoever wrote the definition does not wait for the disk
                    await asyncio.sleep(AGAIN)
                    self._wanted.set()
            if not self._wanted.is_set():
                self._idle.set()

    async def _catch_up(self, *, gently: bool = False) -> None:
        """Index every type whose digest is not the one wanted."""
        self._indexing_now = True
        try:
            await self._index(gently)
        finally:
            self._indexing_now = False

    async def _index(self, gently: bool) -> None:
        before = self.written
        types = facts.resource_types()
        stale = sorted(kind for kind in types if self._digests.get(kind) != self._indexing.digest(kind))
        for kind in sorted(types.difference(stale)):
            if self._indexing.waiting(kind):
                self._indexing.ready(kind, self._indexing.own(kind))
        begun = [kind for kind in stale if self._digests.pop(kind, None) is not None]
        if begun:  # and whatever was handed over before the definition was known is committed now: the sweep sees it
            await self._keep()
        for kind in stale:
            await self._type(kind, gently)
        if stale:
            await self._keep()
        if self.written > before:
            log.info("index brought up to date", resources=self.written - before)

    async def _type(self, kind: str, gently: bool) -> None:
        own, digest, began, before = self._indexing.own(kind), self._indexing.digest(kind), self._clock.now(), self.written
        await self._sweep(kind, None, gently)
        if gently and self.written > before:
            await self._sweep(kind, Updated("ge", began - OVERLAP, began - OVERLAP), gently)
        self._digests[kind] = digest
        if self._indexing.own(kind) == own:
            self._indexing.ready(kind, own)
        if self.written > before:
            await self._keep()
            log.info("indexed anew", type=kind, resources=self.written - before)

    async def _keep(self) -> None:
        await self._store.commit(Change(meta=[(META, orjson.dumps(self._digests).decode())], news=[News(META)]))

    async def _sweep(self, kind: str, where: Where | None, gently: bool) -> None:
        portion: list[Stored] = []
        most = PORTION if gently else BATCH
        began = perf_counter()
        async for stored in self._all(kind, where, most):
            portion.append(stored)
            if len(portion) == most:
                await self._write(portion)
                portion = []
                # In the background half of the time is left to those who ask.
                await asyncio.sleep(perf_counter() - began if gently else 0)
                began = perf_counter()
        if portion:
            await self._write(portion)

    async def _write(self, portion: list[Stored]) -> None:
        rows = self._indexing.rows
        made = []
        for each in portion:
            index = rows(orjson.loads(each.body), declared=each.owner == OWNER)
            made.append(Reindexed(each.type, each.id, each.version, index))
        await self._store.commit(Change(reindexed=made))
        self.written += len(made)
        if self.written % TOLD < len(made):
            log.info("indexing", type=portion[0].type, resources=self.written)

    async def _all(self, kind: str, where: Where | None, count: int = BATCH) -> AsyncIterator[Stored]:
        after: tuple[str, ...] | None = None
        while True:
            found = await self._store.query(Search(PERMIT_ALL, kind, where, (), count, after))
            for each in found[:count]:
                yield each
            if len(found) <= count:
                return
            after = (found[count - 1].id,)
