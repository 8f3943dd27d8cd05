"""Compartments (FHIR R4, compartmentdefinition.html; http, 3.1.0.10.1): what a type must refer to, to be in one."""

from __future__ import annotations

from functools import cache
from typing import Final

from interop.api.searching.combining import NOTHING
from interop.api.searching.references import PERSONS
from interop.fhir import facts
from interop.store.where import All, Any, Ids, Person, Reference, Types, Where

COMPARTMENTS: Final = ("Device", "Encounter", "Patient", "Practitioner", "RelatedPerson")

ITSELF: Final = "{def}"
"""What stands for the parameter where the resource that defines a compartment is in it."""


@cache
def types_of(compartment: str) -> frozenset[str]:
    """The resource types that may be in a compartment."""
    return frozenset(type_ for type_, parameters in facts.compartment(compartment).items() if parameters)


def compartment(name: str, ids: tuple[str, ...], types: tuple[str, ...]) -> Where:
    """What puts a resource of one of these types into the compartment of ``ids``: one, or all the Patients of a person."""
    said: dict[str, list[str]] = {}
    for type_ in types:
        for parameter in facts.compartment(name).get(type_, ()):
            said.setdefault(parameter, []).append(type_)
    targets = tuple(f"{name}/{id_}" for id_ in ids)
    parts: list[Where] = []
    for parameter, some in said.items():
        part: Where = Ids(ids) if parameter == ITSELF else Reference(parameter, targets)
        if name == "Patient" and parameter in PERSONS:
            part = Person(parameter, ids)
        parts.append(part if len(types) == 1 else All((part, Types(tuple(some)))))
    return parts[0] if len(parts) == 1 else Any(tuple(parts)) if parts else NOTHING
