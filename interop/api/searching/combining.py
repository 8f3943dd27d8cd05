"""Alternatives: values with commas between."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from interop.store.where import All, Any, Chain, Composite, Has, Ids, Not, Person, Reference, Tokens, Where

NOTHING: Final = Any(())
"""Holds of no resource."""
EVERYTHING: Final = All(())


def any_of(parts: list[Where]) -> Where:
    """At least one part holds; alternatives of alternatives are alternatives, lists of one kind and parameter become one list."""
    if len(parts) == 1:
        return parts[0]
    parts = [one for part in parts for one in (part.parts if isinstance(part, Any) else (part,))]
    lists: dict[tuple[type, str], list[Where]] = {}
    rest: list[Where] = []
    for part in parts:
        if isinstance(part, Reference | Person | Tokens):
            lists.setdefault((type(part), part.parameter), []).append(part)
        elif isinstance(part, Ids):
            lists.setdefault((Ids, ""), []).append(part)
        elif part not in rest:
            rest.append(part)
    merged = [_merged(each) for each in lists.values()] + rest
    return merged[0] if len(merged) == 1 else Any(tuple(merged))


def _merged(parts: list[Where]) -> Where:
    match parts[0]:
        case Reference(parameter):
            return Reference(parameter, _each(target for part in parts if isinstance(part, Reference) for target in part.targets))
        case Person(parameter):
            return Person(parameter, _each(patient for part in parts if isinstance(part, Person) for patient in part.patients))
        case Tokens(parameter):
            return Tokens(
                parameter, tuple(dict.fromkeys(pair for part in parts if isinstance(part, Tokens) for pair in part.pairs))
            )
        case Ids():
            return Ids(_each(id_ for part in parts if isinstance(part, Ids) for id_ in part.ids))
    return parts[0]


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def weight(where: Where | None) -> int:
    """How many values a question names, in all its parts."""
    match where:
        case All(parts) | Any(parts) | Composite(_, parts):
            return sum(map(weight, parts))
        case Not(part):
            return weight(part)
        case Chain(_, _, inner) | Has(_, _, inner):
            return 1 + weight(inner)
        case Reference(_, values) | Person(_, values) | Ids(values):
            return len(values)
        case Tokens(_, pairs):
            return 2 * len(pairs)
    return 1


def of_person(where: Where | None) -> bool:
    """Whether a question is about the record of persons that it names."""
    match where:
        case Person():
            return True
        case All(parts):
            return any(map(of_person, parts))
        case Any(parts):
            return any(map(of_person, parts)) and all(isinstance(part, Reference | Ids) or of_person(part) for part in parts)
    return False


def all_of(parts: list[Where]) -> Where | None:
    """Every part holds; None for no parts."""
    return parts[0] if len(parts) == 1 else All(tuple(parts)) if parts else None
