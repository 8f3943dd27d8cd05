"""Which resource a write means: the one that it names, or that its criteria find."""

from __future__ import annotations

from collections.abc import Sequence

from interop.apply.asked import CREATE, DELETE, PATCH, UPDATE, Asked, Criteria
from interop.apply.placed import placed
from interop.apply.work import Meant
from interop.errors import Problem


async def understood(asked: Sequence[Asked]) -> list[Meant]:
    """What each of several writes means; raises Problem ``several-matches``, ``not-found``, ``bad-parameter``."""
    return [await _one_meant(one) for one in asked]


async def _one_meant(one: Asked) -> Meant:
    """FHIR R4 http, 3.1.0.7.1, 3.1.0.8.1, 3.1.0.9.1."""
    if one.criteria is None:
        return Meant(None if one.method == CREATE else one.id)
    with placed(one.place):
        found = await matches(one.criteria)
        if found is not None:
            said = (one.resource or {}).get("id") if one.method == UPDATE else None
            if said not in (None, found):
                raise Problem("bad-parameter", where=f"{one.type}.id", detail="the criteria find a resource of another id")
            return Meant(found, True)
        if one.method == PATCH:
            raise Problem("not-found")
        if one.method == UPDATE and one.resource is not None and one.resource.get("id") is not None:
            return Meant(str(one.resource["id"]))
        return Meant("" if one.method == DELETE else None)


async def matches(criteria: Criteria) -> str | None:
    """The id of the one resource that criteria find, None for none; raises Problem ``several-matches``."""
    found = await criteria.find()
    if len(found) > 1:
        raise Problem("several-matches")
    return found[0].id if found else None
