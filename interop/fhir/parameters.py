"""Search parameters and compartments of FHIR R4 (4.0.1), from the generated tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from interop.fhir.tables import table


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter: ``components`` are those of a composite, as (code, expression)."""

    code: str
    type: str
    base: tuple[str, ...]
    expression: str
    targets: tuple[str, ...]
    components: tuple[tuple[str, str], ...]


@cache
def _parameters() -> dict[str, dict[str, SearchParameter]]:
    by_type: dict[str, dict[str, SearchParameter]] = {}
    for code, base, kind_, expression, targets, components in table("parameters"):
        made = SearchParameter(code, kind_, tuple(base), expression, tuple(targets), tuple((c, e) for c, e in components))
        for each in base:
            by_type.setdefault(each, {})[code] = made
    return by_type


@cache
def search_parameters(resource_type: str) -> MappingProxyType[str, SearchParameter]:
    """The parameters of a resource type by code, with those of Resource and DomainResource; empty for an unknown type."""
    found: dict[str, SearchParameter] = {}
    name, known = resource_type, table("structures")
    while name in known and known[name][0] in ("resource", "abstract"):
        found = {**_parameters().get(name, {}), **found}
        name = known[name][1]
    return MappingProxyType(found)


@cache
def compartment(name: str) -> MappingProxyType[str, tuple[str, ...]]:
    """For ``Patient``, ``Encounter``, ``Practitioner``, ``RelatedPerson`` or ``Device``: type -> parameters that put a resource
    of that type into the compartment. Raises KeyError for another name."""
    return MappingProxyType({each: tuple(parameters) for each, parameters in table("compartments")[name].items()})
