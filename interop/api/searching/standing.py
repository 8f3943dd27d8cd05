"""The ground of a search, from what the API stands on."""

from __future__ import annotations

from interop.api.searching.ground import Ground, known
from interop.api.services import Services


def ground(services: Services, base: str, now: int) -> Ground:
    """What a search at this base stands on."""
    return Ground(known(services.indexing), base, now)
