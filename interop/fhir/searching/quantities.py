"""Values as numbers and quantities, as written and in the base units of UCUM (FHIR R4 search, 3.1.1.4.6 and 3.1.1.4.11)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from interop.fhir.canonicals import CURRENCIES, UCUM
from interop.fhir.rows import HIGHEST, LOWEST
from interop.fhir.searching.making import Convert, Rows
from interop.fhir.ucum.convert import canonical

Sides = tuple[float, float]
_BELOW, _ABOVE = ("<", "<="), (">", ">=")
_BESIDE, _LEAST = 1e-11, 1e-300
"""How far below or above its limit a value that is only compared begins, as a share and for 0: more than the rounding of units."""


def asked_units(system: str, code: str) -> tuple[str, ...]:
    """The units of ``quantity`` rows that ``number|system|code`` or, where ``system`` is '', ``number||code`` asks for: the
    code, or the unit as people write it, without regard to case."""
    start = f"{system}|" if system else ""
    return (start + code, f"{start}~{code.casefold()}")


@lru_cache(maxsize=16_384)
def base_units(number: Decimal, unit: str) -> tuple[Decimal, str] | None:
    """A number of a UCUM unit in base units, as ``measure`` rows hold it; None where the unit is none of UCUM."""
    return canonical(number, unit)


def _float(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if LOWEST <= number <= HIGHEST else None


def number(value: Any, rows: Rows) -> None:
    found = _float(value)
    if found is not None:
        rows.append(("number", found, found, None))


def _sides(quantity: Any) -> Sides | None:
    """What a Quantity covers with its comparator."""
    found = _float(quantity.get("value")) if isinstance(quantity, dict) else None
    return None if found is None else _compared(found, quantity.get("comparator"))


def _compared(number: float, comparator: Any) -> Sides:
    beside = abs(number) * _BESIDE or _LEAST
    if comparator in _BELOW:
        return LOWEST, number - beside if comparator == "<" else number
    if comparator in _ABOVE:
        return number + beside if comparator == ">" else number, HIGHEST
    return number, number


def _units(quantity: Any) -> list[str | None]:
    """The units by which a search may name this one: see ``asked_units``."""
    system, code, unit = (quantity.get(name) if isinstance(quantity, dict) else None for name in ("system", "code", "unit"))
    if isinstance(quantity, dict) and isinstance(quantity.get("currency"), str):
        system, code = CURRENCIES, quantity["currency"]
    said: list[str | None] = [code] if isinstance(code, str) else []
    if isinstance(unit, str) and unit != code:
        said.append("~" + unit.casefold())
    if isinstance(system, str):
        said += [f"{system}|{each}" for each in said]
    return said or [None]


def _measure(quantity: Any) -> tuple[float, float, str] | None:
    """A Quantity of a UCUM unit in base units: what it covers, the unit."""
    if not isinstance(quantity, dict) or quantity.get("system") != UCUM or not isinstance(quantity.get("code"), str):
        return None
    value = quantity.get("value")
    if _float(value) is None:
        return None
    try:
        found = base_units(value if isinstance(value, Decimal) else Decimal(str(value)), quantity["code"])
    except InvalidOperation:
        return None
    scaled = None if found is None else _float(found[0])
    return None if found is None or scaled is None else (*_compared(scaled, quantity.get("comparator")), found[1])


def quantity(value: Any, rows: Rows) -> None:
    sides = _sides(value)
    if sides:
        rows.extend(("quantity", *sides, unit) for unit in _units(value))
        measure = _measure(value)
        if measure:
            rows.append(("measure", *measure))


def covers(kind: str) -> Convert:
    """A Range from its low to its high side, either of which may be open; as a ``number`` it has no unit."""

    def convert(value: Any, rows: Rows) -> None:
        if not isinstance(value, dict):
            return
        low, high = _sides(value.get("low")), _sides(value.get("high"))
        if not (low or high):
            return
        units = _units(value.get("low") if low else value.get("high")) if kind == "quantity" else [None]
        a, b = low[0] if low else LOWEST, high[1] if high else HIGHEST
        rows.extend((kind, a, b, unit) for unit in units)
        first, last = _measure(value.get("low")), _measure(value.get("high"))
        said = [*{each[2] for each in (first, last) if each}]
        if kind == "quantity" and len(said) == 1 and bool(low) == bool(first) and bool(high) == bool(last):
            rows.append(("measure", first[0] if first else LOWEST, last[1] if last else HIGHEST, said[0]))

    return convert


def position(value: Any, rows: Rows) -> None:
    """``Location.position`` in degrees; what lies outside the globe is left out."""
    if isinstance(value, dict):
        latitude, longitude = _float(value.get("latitude")), _float(value.get("longitude"))
        if latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180:
            rows.append(("position", latitude, longitude, None))
