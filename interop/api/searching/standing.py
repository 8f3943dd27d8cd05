"""The ground of a search, from what the API stands on."""

from __future__ import annotations

from interop.api.searching.ground import Ground, Known
from interop.api.services import Services
from interop.record.indexing import Indexing


def known(indexing: Indexing) -> Known:
    """The parameters that there are now: R4's, and clients' own that are indexed."""
    return Known(indexing.parameters, indexing.waiting, indexing.revision)


def ground(services: Services, base: str, now: int) -> Ground:
    """What a search at this base stands on."""
    return Ground(known(services.indexing), base, now)
