"""Mapping tables are kept by digest, once each, before anything that they have made is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from interop.apply.mapping_work import Yield
from interop.clock import Clock
from interop.errors import Problem
from interop.mapping.packed import pack
from interop.mapping.reading import read_tables
from interop.mapping.refusal import Refusals
from interop.store.seam import Store
from interop.store.values import Change

log = structlog.get_logger(__name__)


class Keeping:
    """Keeps the tables that messages were mapped by."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._kept: set[str] = set()

    async def keep(self, batch: Iterable[Yield]) -> None:
        """Keep the tables of a batch that are not kept yet. Where they cannot be, the next batch tries again."""
        for family, site, digest in _families_of(batch):
            if digest not in self._kept:
                try:
                    data = await asyncio.get_running_loop().run_in_executor(None, _packed, family, site)
                    await self._store.commit(Change(tables=[(digest, data, self._clock.now())]))
                except Exception as error:
                    reason = error.reason.name if isinstance(error, Problem) else type(error).__name__
                    log.error("tables not kept; trying with the next batch", reason=reason)
                    return
                self._kept.add(digest)


def _packed(family: str, site: str) -> bytes:
    return pack(read_tables(family, Refusals(), site=site))


def _families_of(batch: Iterable[Yield]) -> set[tuple[str, str, str]]:
    """The (family, site, digest) of the tables that a batch was mapped by."""
    return {(made.family, made.site, made.digest) for made in batch if made.digest}
