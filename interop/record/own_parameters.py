"""Search parameters that a client has defined: SearchParameter resources that take effect (FHIR R4, searchparameter.html)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from interop.fhir import facts
from interop.fhir.facts import SearchParameter
from interop.fhir.searching import components, usable

_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_TYPES: Final = ("number", "date", "string", "token", "reference", "composite", "quantity", "uri")
_IN_USE: Final = ("draft", "active")
_R4: Final = "http://hl7.org/fhir/SearchParameter/"
EXPRESSION_LIMIT: Final = 2_000
"""Characters of an expression."""
COMPONENTS_LIMIT: Final = 5


@dataclass(frozen=True, slots=True)
class Own:
    """A client's parameter: ``types`` are the resource types that it is for and that R4 has no parameter of this code for."""

    parameter: SearchParameter
    types: tuple[str, ...]


def own_parameter(resource: dict[str, Any]) -> Own | None:
    """What a SearchParameter resource adds; None where it adds nothing: not draft or active, or nothing that can be indexed.

    A draft counts, as those who try a parameter out have it so; ``retired`` ends it. R4's own definitions are never replaced.
    The components of a composite are R4's parameters.
    """
    code, kind, expression = resource.get("code"), resource.get("type"), resource.get("expression")
    base = resource.get("base")
    if resource.get("status") not in _IN_USE or kind not in _TYPES or not isinstance(base, list):
        return None
    if not (
        isinstance(code, str) and _CODE.fullmatch(code) and isinstance(expression, str) and len(expression) <= EXPRESSION_LIMIT
    ):
        return None
    named = tuple(each for each in base if isinstance(each, str))
    targets = tuple(each for each in _list(resource, "target") if isinstance(each, str) and each in facts.resource_types())
    parts = _components(resource)
    if kind == "composite" and not parts:
        return None
    made = SearchParameter(code, str(kind), named, expression, targets, parts)
    types = tuple(type_ for type_ in _of(named) if code not in facts.search_parameters(type_) and _fits(type_, made))
    return Own(made, types) if types else None


def _of(base: tuple[str, ...]) -> list[str]:
    """The concrete types of ``base``; a parameter of Resource or DomainResource is for all that are built on it."""
    return sorted(
        type_
        for type_ in facts.resource_types()
        if type_ in base or "Resource" in base or ("DomainResource" in base and _narrated(type_))
    )


def _narrated(type_: str) -> bool:
    return "text" in facts.block(type_)


def _fits(type_: str, parameter: SearchParameter) -> bool:
    if parameter.type == "composite" and not components(type_, parameter):
        return False
    return usable(type_, parameter)


def _components(resource: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """(code, expression) of each component; () where one cannot be told. R4's URLs end in group and code."""
    found: list[tuple[str, str]] = []
    said = _list(resource, "component")
    for each in said if len(said) <= COMPONENTS_LIMIT else ():
        definition, expression = (each.get("definition"), each.get("expression")) if isinstance(each, dict) else (None, None)
        if not (isinstance(definition, str) and isinstance(expression, str) and len(expression) <= EXPRESSION_LIMIT):
            return ()
        url = definition.partition("|")[0]
        code = url.removeprefix(_R4).partition("-")[2] if url.startswith(_R4) else ""
        if not code:
            return ()
        found.append((code, expression))
    return tuple(found)


def _list(resource: dict[str, Any], name: str) -> list[Any]:
    found = resource.get(name)
    return found if isinstance(found, list) else []
