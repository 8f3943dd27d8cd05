"""What the engine keeps of what has been said, each under an id of ours: written anew where somebody decides, once at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from interop.api.fhir.permits import author_of
from interop.api.operations.operation import Asked
from interop.apply.asked import UPDATE, Criteria
from interop.apply.asked import Asked as Write
from interop.errors import Problem
from interop.fhir.shapes import Json
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Persons, Several
from interop.store.values import Stored

TRIES: Final = 8
"""Each that is in vain means that somebody else has just recorded something."""
T = TypeVar("T")


async def decided(once: Callable[[], Awaitable[T]]) -> T:
    """What ``once`` comes to, which reads what stands and writes what is decided of it; again where somebody else came in between.
    Raises what it raises, and Problem ``stale-version`` where that goes on."""
    for _ in range(TRIES - 1):
        try:
            return await once()
        except Problem as problem:
            if problem.reason.name != "stale-version":
                raise
    return await once()


async def standing(asked: Asked, type: str, system: str, patient: str) -> dict[str, Stored]:
    """What is kept of the person of a Patient, by each Patient of theirs; also what is not in force."""
    services = asked.services
    members = {patient} | {each for each, _, _ in await services.store.query(Persons((patient,)))}
    ids = {services.mint.id(type, system, each): each for each in sorted(members)}
    found: list[Stored] = await services.store.query(Several(PERMIT_ALL, tuple((type, id) for id in ids)))
    return {ids[stored.id]: stored for stored in sorted(found, key=lambda one: one.id)}


def write(asked: Asked, resource: Json, before: Stored | None) -> Write:
    """A version after ``before``, None for none; in vain where that is no longer so."""
    expected, author = (before.version,) if before is not None else None, author_of(asked.request)
    type, id = resource["resourceType"], resource["id"]
    return Write(UPDATE, type, id, resource=resource, expected=expected, absent=before is None, author=author, own=True)


def no_criteria(type: str, text: str) -> Criteria:
    """What is kept refers to nothing by criteria."""
    raise Problem("bad-parameter", where=type)
