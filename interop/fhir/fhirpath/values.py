"""Implicit conversion of nodes to system values, and singletons (FHIR R4, FHIRPath; N1 2.0.0, singleton evaluation)."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

from interop.fhir.canonicals import UCUM
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.item import Collection, Item
from interop.fhir.fhirpath.quantity import Quantity
from interop.fhir.fhirpath.temporal import Temporal, temporal
from interop.fhir.fhirpath.types import is_a

ARITHMETIC = Context(prec=34, Emax=1000, Emin=-1000)
TEMPORAL = {"date": "date", "dateTime": "dateTime", "instant": "dateTime", "time": "time"}


def plain(item: Item) -> Any:
    """The system value of an item: bool, int, Decimal, str, Temporal or Quantity; None for a primitive without value.

    What has no system value (a complex type, JSON of the wrong kind) is given back as it is.
    """
    value, kind, _ = item
    if type(value) is str:
        form = TEMPORAL.get(kind)
        return value if form is None else temporal(value, form) or value
    if type(value) is dict:
        return _quantity(value) if is_a(kind, "FHIR.Quantity") else value
    if type(value) is float:
        return Decimal(repr(value))
    return value


def _quantity(value: dict[str, Any]) -> Any:
    number = value.get("value")
    if isinstance(number, float):
        number = Decimal(repr(number))
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        return value
    code, unit = value.get("code"), value.get("unit")
    said = code if isinstance(code, str) else unit if isinstance(unit, str) else "1"
    if value.get("comparator") is not None:
        return value
    if value.get("system") not in (None, UCUM) and isinstance(code, str):
        # A unit of another system is like nothing but itself.
        return Quantity(Decimal(number), f"{{{value.get('system')}}}{code}")
    return Quantity(Decimal(number), said)


def is_number(value: Any) -> bool:
    """Whether a system value is an Integer or a Decimal."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def single(items: Collection, what: str) -> Item | None:
    """The one item, None for none; raises FhirPathError for several."""
    if len(items) > 1:
        raise FhirPathError(f"{what} takes a single item")
    return items[0] if items else None


def value_of(items: Collection, what: str) -> Any:
    """The system value of the one item, None for none or one without value; raises FhirPathError for several."""
    item = single(items, what)
    return None if item is None else plain(item)


def string_of(items: Collection, what: str) -> str | None:
    """A string or nothing; raises FhirPathError for several items or another type."""
    item = single(items, what)
    if item is None or item.value is None:
        return None
    if not isinstance(item.value, str):
        raise FhirPathError(f"{what} takes a string")
    return item.value


def integer_of(items: Collection, what: str) -> int | None:
    """An integer or nothing; raises FhirPathError for several items or another type."""
    value = value_of(items, what)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise FhirPathError(f"{what} takes an integer")
    return value


def truth_of(items: Collection) -> bool | None:
    """Singleton evaluation where a boolean is asked for: one item that is no boolean is true; raises FhirPathError for several."""
    if not items:
        return None
    if len(items) > 1:
        raise FhirPathError("several items where one boolean is asked for")
    value, kind, _ = items[0]
    if value is True or value is False:
        return bool(value)
    return None if value is None and kind == "boolean" else True


def shown(value: Any) -> str | None:
    """A system value as a string (``toString``); None for what has no string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return f"{Decimal(value):f}"
    if isinstance(value, int | Temporal | Quantity):
        return str(value)
    return None
