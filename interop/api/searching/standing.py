"""The ground of a search, from what the API stands on."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from interop.api.searching.ground import Ground, Known, Parameters
from interop.api.services import Services
from interop.fhir import facts


@lru_cache(maxsize=1024)
def _named(indexed: Callable[[str], frozenset[str]], type: str) -> Parameters:
    known, codes = facts.search_parameters(type), indexed(type)
    return {code: parameter for code, parameter in known.items() if code in codes}


@lru_cache(maxsize=16)
def known(indexed: Callable[[str], frozenset[str]]) -> Known:
    """The official parameters among those that are indexed."""
    return Known(lambda type: _named(indexed, type))


def ground(services: Services, base: str, now: int) -> Ground:
    """What a search at this base stands on."""
    return Ground(known(services.parameters), base, now)
