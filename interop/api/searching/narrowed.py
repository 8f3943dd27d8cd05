"""Scopes with criteria as predicates (SMART App Launch 2.2, 3.0.2.4: scopes with search parameters).

Value sets and code hierarchies are those of R4, the packages and the releases: what clients have stored widens no token. A scope
that asks where somebody is gives nothing: what it gave would tell.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from interop.api.knowledge import Knowledge
from interop.api.searching.concepts import related
from interop.api.searching.ground import MOST, Codes, Ground, Known, Pairs, Unexpanded, known
from interop.api.searching.query import understand
from interop.errors import Problem
from interop.policy.scopes import Scope
from interop.policy.whereabouts import guarded
from interop.record.indexing import Indexing
from interop.store.where import Where

if TYPE_CHECKING:
    from interop.fhir.terminology import Terminology

DAY: Final = 86_400_000_000
"""Microseconds: so long ``ap`` of a date stands as it was understood."""


def narrowed(indexing: Indexing, knowledge: Knowledge, scopes: tuple[Scope, ...], now: int) -> tuple[tuple[Scope, Where], ...]:
    """What the criteria of scopes ask of a resource of their type. One that is not wholly understood is left out, and
    gives nothing."""
    if not any(scope.criteria for scope in scopes):
        return ()
    return _read(known(indexing), knowledge, scopes, now // DAY)


@lru_cache(maxsize=1024)
def _read(known: Known, knowledge: Knowledge, scopes: tuple[Scope, ...], day: int) -> tuple[tuple[Scope, Where], ...]:
    ground = Ground(known, "", day * DAY)
    read = [(scope, _understood(ground, knowledge, scope)) for scope in scopes if scope.criteria]
    return tuple((scope, where) for scope, where in read if where is not None)


def _understood(ground: Ground, knowledge: Knowledge, scope: Scope) -> Where | None:
    found: dict[Codes, Pairs] = {}
    while len(found) <= MOST:
        try:
            where = understand(Ground(ground.known, "", ground.now, found), (scope.type,), scope.criteria, strict=True).where
            return where if guarded(where, scope.type, 0) is where else None
        except Unexpanded as wanted:
            pairs = _codes(knowledge.terminology, wanted.codes)
            if pairs is None:
                return None
            found[wanted.codes] = pairs
        except Problem:
            return None
    return None


def _codes(terminology: Terminology, wanted: Codes) -> Pairs | None:
    """What a value set or a hierarchy of codes holds; None where it is not known, cannot be listed, is too large, or is one of
    the record (``partOf`` of a Location)."""
    from interop.fhir.terminology import TooCostly, Uncomputable

    try:
        if wanted.relation == "in":
            return tuple(dict.fromkeys((each.system, each.code) for each in terminology.expand(wanted.value).contains))
        if wanted.relation in ("below", "above"):
            system, _, code = wanted.value.rpartition("|")
            return related(terminology, wanted.relation, system, code)
    except (Uncomputable, TooCostly):
        return None
    return None
