"""What the native tests ask of JSON objects."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeGuard

from interop.fhir.validation.structure.run import Json, Run

Native = Callable[[Json, Run], bool | None]


def has(value: Json, name: str) -> bool:
    """Whether an element is there, by its value or its extensions."""
    return name in value or "_" + name in value


def has_choice(value: Json, stem: str) -> bool:
    """Whether a choice is given in any of its forms."""
    end = len(stem)
    for name in value:
        if name.startswith(stem):
            if name[end : end + 1].isupper():
                return True
        elif name.startswith("_" + stem):
            return True
    return False


def objects(value: Any) -> list[Json]:
    """The objects of an array, or the one object that is no array."""
    many = value if isinstance(value, list) else [value]
    return [each for each in many if isinstance(each, dict)]


def codings(concept: Any) -> list[Json]:
    """The codings of a CodeableConcept, or of an array of them."""
    return [coding for each in objects(concept) for coding in objects(each.get("coding"))]


def coded(concept: Any, system: str, *codes: str) -> bool:
    """Whether a concept has a coding of that system with one of the codes."""
    return any(each.get("system") == system and each.get("code") in codes for each in codings(concept))


def number(value: Any) -> TypeGuard[int | float | Decimal]:
    """Whether a JSON value is a number that can be compared."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def ordered(low: Any, high: Any) -> bool | None:
    """Whether two dates or dateTimes are in order; None where their precision or zones differ."""
    if not (isinstance(low, str) and isinstance(high, str)):
        return None
    if len(low) == len(high) and (len(low) <= 10 or low[19:] == high[19:]):
        return low <= high
    if len(low) <= 10 or len(high) <= 10:
        return None
    from interop.fhir.searching.dates import interval

    first, last = interval(low), interval(high)
    return None if first is None or last is None else first[0] <= last[0]


def distinct(values: list[Any]) -> bool:
    """Whether no two values are equal."""
    return len(set(values)) == len(values)
