"""What the CarePlans of a person refer to as a step or as the reason for one: the plan and the crew card read it by this alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from interop.api.fhir.included import fetch
from interop.api.services import Services
from interop.fhir import facts
from interop.fhir.references import local
from interop.fhir.shapes import Json, dicts, text
from interop.store.decision import Decision
from interop.store.plan import Persons
from interop.store.values import Stored

BEYOND: Final = frozenset(("Task",))
"""Types about a person that are not in R4's compartment of the Patient."""
Key = tuple[str, str]


def steps_named(stored: Iterable[Stored]) -> list[Key]:
    """Type and id of what activities of CarePlans refer to, of their reasons, and of the reasons of those of them that are among
    ``stored``, there or not; of types about a person."""
    known = {(each.type, each.id): each for each in stored}
    found: dict[Key, None] = {}
    for each in known.values():
        if each.type == "CarePlan" and b'"activity"' in each.body:
            found.update(dict.fromkeys(_of_plan(orjson.loads(each.body))))
    steps = [known[key] for key in found if key in known]
    for each in steps:
        found.update(dict.fromkeys(_keys(dicts(orjson.loads(each.body), "reasonReference"))))
    return list(found)


def _of_plan(plan: Json) -> Iterator[Key]:
    for activity in dicts(plan, "activity"):
        yield from _keys((activity.get("reference"), *dicts(activity.get("detail"), "reasonReference")))


def _keys(references: Iterable[Any]) -> Iterator[Key]:
    for reference in references:
        key = local(text(reference, "reference"))
        if key is not None and (facts.compartment("Patient").get(key[0]) or key[0] in BEYOND):
            yield key


async def steps_of(services: Services, decision: Decision, patient: str, stored: list[Stored]) -> list[Stored]:
    """What CarePlans among ``stored`` refer to so, is not there too, and is about the same person: another's is nobody's step."""
    known = {(each.type, each.id) for each in stored}
    found: list[Stored] = []
    members: set[str] = set()
    while missing := [key for key in steps_named((*stored, *found)) if key not in known]:
        known.update(missing)
        further = await fetch(services, decision, missing)
        if further and not members:
            members = {patient, *(each for each, _, _ in await services.store.query(Persons((patient,))))}
        found += [each for each in further if each.subject in members and not each.deleted]
    return found
