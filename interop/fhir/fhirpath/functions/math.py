"""Math (N1 2.0.0, section 5.7)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.functions.registry import simple
from interop.fhir.fhirpath.item import Collection
from interop.fhir.fhirpath.quantity import Quantity
from interop.fhir.fhirpath.values import ARITHMETIC, integer_of, is_number, value_of

_LARGE = 40
"""Digits beyond which a number is not made an Integer."""


def _number(items: Collection, what: str) -> Any:
    value = value_of(items, what)
    if value is None or is_number(value):
        return value
    raise FhirPathError(f"{what} takes a number")


def _computed(compute: Callable[[], Any]) -> Any:
    try:
        value = compute()
    except (DecimalException, OverflowError):
        return None
    return value if not isinstance(value, Decimal) or value.is_finite() else None


@simple("abs")
def _abs(items: Collection, _state: State) -> Any:
    value = value_of(items, "abs")
    if isinstance(value, Quantity):
        return value._replace(value=abs(value.value))
    return None if value is None else abs(_number(items, "abs"))


def _whole(items: Collection, what: str, rounding: str) -> int | None:
    value = _number(items, what)
    if value is None or Decimal(value).adjusted() > _LARGE:
        return None
    whole = int(Decimal(value).to_integral_value(rounding=rounding))
    return whole if -(2**63) <= whole < 2**63 else None


@simple("ceiling")
def _ceiling(items: Collection, _state: State) -> int | None:
    return _whole(items, "ceiling", ROUND_CEILING)


@simple("floor")
def _floor(items: Collection, _state: State) -> int | None:
    return _whole(items, "floor", ROUND_FLOOR)


@simple("truncate")
def _truncate(items: Collection, _state: State) -> int | None:
    return _whole(items, "truncate", ROUND_DOWN)


@simple("round", 0, 1)
def _round(items: Collection, _state: State, precision: Collection | None = None) -> Any:
    value = _number(items, "round")
    places = 0 if precision is None else integer_of(precision, "round") or 0
    if places < 0:
        raise FhirPathError("round takes a precision of 0 or more")
    if value is None:
        return None
    number = Decimal(value)
    if number.adjusted() + places > 33 or places > _LARGE:
        return value
    rounded = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=ARITHMETIC)
    return int(rounded) if precision is None else rounded


@simple("exp")
def _exp(items: Collection, _state: State) -> Any:
    value = _number(items, "exp")
    return None if value is None else _computed(lambda: ARITHMETIC.exp(Decimal(value)))


@simple("ln")
def _ln(items: Collection, _state: State) -> Any:
    value = _number(items, "ln")
    return None if value is None or value <= 0 else _computed(lambda: ARITHMETIC.ln(Decimal(value)))


@simple("log", 1)
def _log(items: Collection, _state: State, base: Collection) -> Any:
    value, by = _number(items, "log"), _number(base, "log")
    if value is None or by is None or value <= 0 or by <= 0 or by == 1:
        return None

    def compute() -> Decimal:
        found = ARITHMETIC.divide(ARITHMETIC.ln(Decimal(value)), ARITHMETIC.ln(Decimal(by)))
        # The last digits are those of two roundings.
        return found.quantize(Decimal("1e-28"), context=ARITHMETIC) if abs(found) < 10**5 else found

    return _computed(compute)


@simple("sqrt")
def _sqrt(items: Collection, _state: State) -> Any:
    value = _number(items, "sqrt")
    return None if value is None or value < 0 else _computed(lambda: ARITHMETIC.sqrt(Decimal(value)))


@simple("power", 1)
def _power(items: Collection, _state: State, exponent: Collection) -> Any:
    value, by = _number(items, "power"), _number(exponent, "power")
    if value is None or by is None:
        return None
    if isinstance(value, int) and isinstance(by, int) and by >= 0:
        if by > 64 and abs(value) > 1:
            return None
        whole = value ** min(by, 64 + by % 2)
        return whole if abs(whole) < 2**63 else None
    return _computed(lambda: ARITHMETIC.power(Decimal(value), Decimal(by)))
