"""Criteria of conditional interactions (FHIR R4 http, 3.1.0.8 to 3.1.0.10): always strict."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from interop.api.searching.expanding import expanded
from interop.api.searching.ground import Ground
from interop.api.searching.query import Pairs, understand
from interop.api.searching.results import RESULTS
from interop.api.searching.standing import ground
from interop.api.services import Services
from interop.errors import Problem
from interop.store.decision import Decision
from interop.store.plan import Search
from interop.store.values import Stored

LONGEST: Final = 16_384
"""Characters of a criterion."""


def criteria(query: str) -> list[tuple[str, str]]:
    """The pairs of ``identifier=a|b&...``, percent-encoded; raises Problem ``bad-parameter``."""
    if len(query) > LONGEST:
        raise Problem("bad-parameter", detail=f"the criteria are longer than {LONGEST} characters")
    try:
        return parse_qsl(query.removeprefix("?"), errors="strict", max_num_fields=100)
    except ValueError:
        raise Problem("bad-parameter", detail="the criteria are not percent-encoded UTF-8, or too many") from None


async def matching(services: Services, decision: Decision, type: str, pairs: Pairs, limit: int = 2) -> list[Stored]:
    """The resources that satisfy criteria, at most ``limit``.

    Raises Problem ``bad-parameter`` for criteria that are empty or not wholly understood: a condition that is passed over would
    match what was not meant."""
    given = [(name, value) for name, value in pairs if value and name.partition(":")[0] not in RESULTS]
    if not given:
        raise Problem("bad-parameter", detail="criteria are wanted")
    standing: Ground = ground(services, services.base and services.base + "/fhir", services.clock.now())
    query = await expanded(services, decision, standing, lambda on: understand(on, (type,), given, strict=True))
    found: list[Stored] = await services.store.query(Search(decision, type, query.where, (), limit))
    return found[:limit]
