"""Arithmetic of numbers, strings, quantities and dates (N1 2.0.0, math, date/time arithmetic)."""

from __future__ import annotations

from decimal import Decimal, DecimalException
from typing import Any

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.quantity import Quantity, calendar_unit
from interop.fhir.fhirpath.temporal import Temporal, plus
from interop.fhir.fhirpath.values import ARITHMETIC, is_number
from interop.fhir.ucum import canonical

_LIMIT = 2**63


def calculate(operator: str, here: Any, there: Any, state: State) -> Any:
    """``here operator there`` over two system values; None for empty (division by zero, overflow).

    Raises FhirPathError where the types do not go together.
    """
    try:
        return _bounded(_calculate(operator, here, there, state))
    except DecimalException:
        return None


def _bounded(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and not -_LIMIT <= value < _LIMIT:
        return None
    return value


def _calculate(operator: str, here: Any, there: Any, state: State) -> Any:
    if is_number(here) and is_number(there):
        return _numbers(operator, here, there)
    if operator == "+" and isinstance(here, str) and isinstance(there, str):
        state.pay(1 + (len(here) + len(there)) // 16)
        return here + there
    if isinstance(here, Temporal) and isinstance(there, Quantity) and operator in ("+", "-"):
        unit = calendar_unit(there)
        if not unit:
            raise FhirPathError("a date moves by calendar units only")
        return plus(here, there.value if operator == "+" else -there.value, unit)
    if isinstance(here, Quantity | int | Decimal) and isinstance(there, Quantity | int | Decimal):
        if not isinstance(here, bool) and not isinstance(there, bool):
            return _quantities(operator, _quantity(here), _quantity(there))
    raise FhirPathError(f"{operator} does not take these types")


def _numbers(operator: str, here: int | Decimal, there: int | Decimal) -> Any:
    whole = isinstance(here, int) and isinstance(there, int)
    if whole and operator in ("+", "-", "*"):
        return here + there if operator == "+" else here - there if operator == "-" else here * there
    one, other = Decimal(here), Decimal(there)
    match operator:
        case "+":
            return ARITHMETIC.add(one, other)
        case "-":
            return ARITHMETIC.subtract(one, other)
        case "*":
            return ARITHMETIC.multiply(one, other)
        case "/":
            return ARITHMETIC.divide(one, other) if other else None
        case "div":
            return int(ARITHMETIC.divide_int(one, other)) if other else None
        case _:
            if not other:
                return None
            left = ARITHMETIC.remainder(one, other)
            return int(left) if whole else left


def _quantity(value: Any) -> Quantity:
    return value if isinstance(value, Quantity) else Quantity(Decimal(value), "1")


def _quantities(operator: str, here: Quantity, there: Quantity) -> Any:
    if operator in ("+", "-"):
        return _sum(here, there if operator == "+" else there._replace(value=ARITHMETIC.minus(there.value)))
    if operator not in ("*", "/"):
        raise FhirPathError(f"{operator} does not take quantities")
    if operator == "/" and not there.value:
        return None
    value = ARITHMETIC.multiply(here.value, there.value) if operator == "*" else ARITHMETIC.divide(here.value, there.value)
    if there.unit == "1":
        return here._replace(value=value)
    if operator == "/" and here.unit == there.unit:
        return Quantity(value, "1")
    if operator == "*" and here.unit == "1":
        return there._replace(value=value)
    unit = f"({here.unit}){'.' if operator == '*' else '/'}({there.unit})"
    found = canonical(value, unit)
    if found is None:
        return None
    plain = f"{here.unit}{'.' if operator == '*' else '/'}{there.unit}"
    return Quantity(*found) if found[1] == "1" else Quantity(value, plain if canonical(value, plain) == found else unit)


def _sum(here: Quantity, there: Quantity) -> Quantity | None:
    if here.unit == there.unit:
        return here._replace(value=ARITHMETIC.add(here.value, there.value))
    one, other = canonical(Decimal(1), here.unit), canonical(there.value, there.unit)
    if one is None or other is None or one[1] != other[1] or not one[0]:
        return None
    return here._replace(value=ARITHMETIC.add(here.value, ARITHMETIC.divide(other[0], one[0])))
