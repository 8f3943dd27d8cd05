"""Boundaries, precision and comparability (N1 2.0.0 and later, functions for trial use)."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.functions.registry import simple
from interop.fhir.fhirpath.item import Collection
from interop.fhir.fhirpath.quantity import Quantity
from interop.fhir.fhirpath.temporal import Temporal, boundary
from interop.fhir.fhirpath.values import ARITHMETIC, integer_of, is_number, value_of
from interop.fhir.ucum import comparable

_DIGITS, _MOST = 8, 28


def _boundary(items: Collection, digits: Collection | None, what: str, *, high: bool) -> Any:
    value = value_of(items, what)
    wanted = None if digits is None else integer_of(digits, what)
    if value is None:
        return None
    if isinstance(value, Temporal):
        return boundary(value, wanted, high=high)
    if isinstance(value, Quantity):
        found = _number(value.value, wanted, high=high)
        return None if found is None else value._replace(value=found)
    if is_number(value):
        return _number(Decimal(value), wanted, high=high)
    raise FhirPathError(f"{what} takes a number, a quantity, a date or a time")


def _number(value: Decimal, digits: int | None, *, high: bool) -> Decimal | None:
    places = _DIGITS if digits is None else digits
    exponent = value.as_tuple().exponent
    if not 0 <= places <= _MOST or not isinstance(exponent, int) or value.adjusted() + places > 32:
        return None
    half = Decimal(5).scaleb(min(exponent, 0) - 1)
    # Away from zero the half is rounded, towards zero it is cut: so the standard's own examples.
    away = high != value.is_signed()
    size = ARITHMETIC.add(abs(value), half) if away else ARITHMETIC.subtract(abs(value), half)
    kept = size.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP if away else ROUND_DOWN, context=ARITHMETIC)
    return kept.copy_negate() if value.is_signed() else kept


@simple("lowBoundary", 0, 1)
def _low(items: Collection, _state: State, digits: Collection | None = None) -> Any:
    return _boundary(items, digits, "lowBoundary", high=False)


@simple("highBoundary", 0, 1)
def _high(items: Collection, _state: State, digits: Collection | None = None) -> Any:
    return _boundary(items, digits, "highBoundary", high=True)


@simple("precision")
def _precision(items: Collection, _state: State) -> int | None:
    value = value_of(items, "precision")
    if value is None:
        return None
    if isinstance(value, Temporal):
        return value.precision
    if is_number(value):
        exponent = Decimal(value).as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else None
    raise FhirPathError("precision takes a number, a date or a time")


@simple("comparable", 1)
def _comparable(items: Collection, _state: State, other: Collection) -> bool | None:
    here, there = value_of(items, "comparable"), value_of(other, "comparable")
    if here is None or there is None:
        return None
    if not isinstance(here, Quantity) or not isinstance(there, Quantity):
        raise FhirPathError("comparable takes quantities")
    return here.unit == there.unit or comparable(here.unit, there.unit)


def _part(items: Collection, what: str, place: int) -> int | None:
    value = value_of(items, what)
    if value is None:
        return None
    if not isinstance(value, Temporal):
        raise FhirPathError(f"{what} takes a date or a time")
    fields = (0, 0, 0, *value.fields) if value.kind == "time" else value.fields
    if value.kind == "time" and place < 3:
        raise FhirPathError(f"{what} takes a date")
    return fields[place] if place < len(fields) else None


for _place, _name in enumerate(("year", "month", "day", "hour", "minute", "second")):

    def _field(items: Collection, _state: State, _name: str = _name, _place: int = _place) -> int | None:
        return _part(items, _name, _place)

    simple(f"{_name}Of")(_field)


@simple("millisecondOf")
def _millisecond(items: Collection, _state: State) -> int | None:
    value = value_of(items, "millisecondOf")
    return int((value.fraction + "000")[:3]) if isinstance(value, Temporal) and value.fraction else None


@simple("timezoneOffsetOf")
def _offset(items: Collection, _state: State) -> Decimal | None:
    value = value_of(items, "timezoneOffsetOf")
    return Decimal(value.zone) / 60 if isinstance(value, Temporal) and value.zone is not None else None


@simple("dateOf")
def _date_of(items: Collection, _state: State) -> Temporal | None:
    value = value_of(items, "dateOf")
    return Temporal("date", value.fields[:3]) if isinstance(value, Temporal) and value.kind != "time" else None


@simple("timeOf")
def _time_of(items: Collection, _state: State) -> Temporal | None:
    value = value_of(items, "timeOf")
    if not isinstance(value, Temporal) or value.kind == "time" or len(value.fields) < 4:
        return None
    return Temporal("time", value.fields[3:], value.fraction)
