"""Criteria that are held against each new version, of routes and of Subscriptions: read as a search of the API."""

from __future__ import annotations

from interop.api.fhir.criteria import read
from interop.api.searching import Ground, understand
from interop.api.searching.ground import Known, Unexpanded
from interop.errors import Problem
from interop.notify.matching import unmatched
from interop.store.where import Where


def watched(known: Known, type: str, text: str, now: int) -> Where | None:
    """What criteria (``status=in-progress&class=IMP``) ask of a version. Raises ValueError, which says what is wrong with them;
    what is not understood is refused, for what is ignored would match too much."""
    try:
        where = understand(Ground(known, "", now), (type,), read(type, text), strict=True).where
    except Unexpanded:
        raise ValueError("value sets and hierarchies of codes are not matched: name the codes") from None
    except Problem as problem:
        raise ValueError(" ".join(part for part in (problem.where, problem.detail or problem.reason.sentence) if part)) from None
    if why := unmatched(where):
        raise ValueError(why)
    return where
