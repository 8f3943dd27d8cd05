"""Conversion (N1 2.0.0, section 5.5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.functions.registry import FUNCTIONS, Compiling, Function, StepRun, StepTruth
from interop.fhir.fhirpath.item import EMPTY, Collection, one
from interop.fhir.fhirpath.quantity import CALENDAR, Quantity, scaled
from interop.fhir.fhirpath.temporal import Temporal, temporal
from interop.fhir.fhirpath.tree import Tree
from interop.fhir.fhirpath.values import shown, string_of, value_of

_TRUE = frozenset(("true", "t", "yes", "y", "1", "1.0"))
_FALSE = frozenset(("false", "f", "no", "n", "0", "0.0"))
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?", re.ASCII)
_QUANTITY = re.compile(r"([+-]?\d{1,40}(?:\.\d{1,40})?)\s*(?:'([^']+)'|([a-z]+))?", re.ASCII)


def to_boolean(value: Any) -> bool | None:
    """A system value as a Boolean, or None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return True if value == 1 else False if value == 0 else None
    if isinstance(value, str):
        return True if value.lower() in _TRUE else False if value.lower() in _FALSE else None
    return None


def to_integer(value: Any) -> int | None:
    """A system value as an Integer, or None."""
    if isinstance(value, bool | int):
        return int(value)
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


def to_decimal(value: Any) -> Decimal | None:
    """A system value as a Decimal, or None."""
    if isinstance(value, bool | int):
        return Decimal(int(value))
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def to_date(value: Any) -> Temporal | None:
    """A system value as a Date, or None."""
    if isinstance(value, Temporal):
        return None if value.kind == "time" else Temporal("date", value.fields[:3])
    found = temporal(value, "dateTime") if isinstance(value, str) and len(value) < 50 else None
    return Temporal("date", found.fields[:3]) if found else None


def to_date_time(value: Any) -> Temporal | None:
    """A system value as a DateTime, or None."""
    if isinstance(value, Temporal):
        return None if value.kind == "time" else value._replace(kind="dateTime")
    return temporal(value, "dateTime") if isinstance(value, str) and len(value) < 50 else None


def to_time(value: Any) -> Temporal | None:
    """A system value as a Time, or None."""
    if isinstance(value, Temporal):
        return value if value.kind == "time" else None
    return temporal(value.removeprefix("T"), "time") if isinstance(value, str) and len(value) < 50 else None


def to_quantity(value: Any) -> Quantity | None:
    """A system value as a Quantity, or None."""
    if isinstance(value, Quantity):
        return value
    if isinstance(value, bool | int | Decimal):
        return Quantity(Decimal(value), "1")
    found = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    if found[3]:
        return Quantity(Decimal(found[1]), CALENDAR[found[3]], found[3]) if found[3] in CALENDAR else None
    return Quantity(Decimal(found[1]), found[2] or "1")


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "Boolean": to_boolean,
    "Integer": to_integer,
    "Long": to_integer,
    "Decimal": to_decimal,
    "Date": to_date,
    "DateTime": to_date_time,
    "Time": to_time,
    "String": shown,
    "Quantity": to_quantity,
}


def _register(name: str, convert: Callable[[Any], Any]) -> None:
    def make(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
        unit = compiler.run(trees[0]) if trees else None

        def run(items: Collection, this: Collection, state: State) -> Collection:
            value = value_of(items, f"to{name}")
            said = None if value is None else convert(value)
            if unit is not None and said is not None:
                said = _in_unit(said, string_of(unit(this, state), "toQuantity"))
            return EMPTY if said is None else one(said)

        return run

    def test(compiler: Compiling, trees: tuple[Tree, ...]) -> StepTruth:
        unit = compiler.run(trees[0]) if trees else None

        def run(items: Collection, this: Collection, state: State) -> bool | None:
            value = value_of(items, f"convertsTo{name}")
            if value is None:
                return None
            said = convert(value)
            if unit is not None and said is not None:
                said = _in_unit(said, string_of(unit(this, state), "convertsToQuantity"))
            return said is not None

        return run

    most = 1 if name == "Quantity" else 0
    FUNCTIONS[f"to{name}"] = Function(0, most, make, None)
    FUNCTIONS[f"convertsTo{name}"] = Function(0, most, None, test)


def _in_unit(value: Quantity, unit: str | None) -> Quantity | None:
    if unit is None:
        return value
    code = CALENDAR.get(unit, unit)
    pair = scaled(value, Quantity(Decimal(1), code), exact=True)
    return Quantity(pair[0] / pair[1], code, unit if unit in CALENDAR else "") if pair and pair[1] else None


for _name, _convert in _CONVERT.items():
    _register(_name, _convert)
