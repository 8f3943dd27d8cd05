"""Writes by those from whom anything is withheld: what they may not see is to them as if it were not there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Container, Mapping, Sequence
from typing import Final

from interop.apply.asked import DELETE, PATCH, UPDATE, Asked, Key, Permit, Resource
from interop.apply.journalled import TURN
from interop.errors import Problem
from interop.fhir import facts
from interop.fhir.references import references
from interop.policy.secrets import masked
from interop.store.values import Head

PATIENT: Final = "Patient"
_REFERENCE: Final = re.compile(r"(?:https?://.+/)?Patient/([A-Za-z0-9\-.]{1,64})(?:/_history/.+)?")


async def shown(asked: Sequence[Asked], keys: Sequence[Key], heads: Mapping[Key, Head]) -> dict[Key, Head]:
    """Of what there is, that which each write may be done on: what its author may not see is taken not to be there. Raises Problem
    ``forbidden`` for what they may see and not write over, or see a part of: the rest would be lost, or told."""
    found = dict(heads)
    for place, (one, key) in enumerate(zip(asked, keys, strict=True)):
        if one.permit is not None and key in heads:
            seen = await one.permit.see(key)
            if seen is None and await one.permit.read(key) is None:
                found.pop(key, None)
            elif seen is None or (
                seen.body not in (heads[key].body, masked(key[0], heads[key].body))
                and (one.method in (UPDATE, PATCH) or _hides(one, key))
            ):
                raise Problem("forbidden", where=one.place)
        if place % TURN == TURN - 1:
            await asyncio.sleep(0)
    return found


def _hides(one: Asked, key: Key) -> bool:
    """Whether it takes away a Patient who is seen in part: what keeps the rest hidden would go with it."""
    return one.method == DELETE and key[0] == PATIENT


async def about_seen(permit: Permit, type: str, resource: Resource, made: Container[Key]) -> None:
    """Raise Problem ``forbidden`` where a resource names a Patient about whom its author may not write or who is not there;
    ``made`` are the resources that come to be with it."""
    patients = patients_of(resource)
    for patient in patients:
        key = PATIENT, patient
        if key not in made:
            found = await permit.see(key)
            if found is None or found.deleted:
                raise Problem("forbidden", where=type)
    if permit.of_person and not patients and type != PATIENT and facts.compartment(PATIENT).get(type):
        raise Problem("forbidden", where=type)


def patients_of(resource: Resource) -> list[str]:
    """The ids of the Patients whom a resource names; one at another address is taken to be ours."""
    found = (_REFERENCE.fullmatch(literal) for _, literal in references(resource))
    return list(dict.fromkeys(each[1] for each in found if each))
