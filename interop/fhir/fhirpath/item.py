"""Nodes and system values: what a collection holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from interop.fhir.fhirpath.quantity import Quantity
from interop.fhir.fhirpath.temporal import Temporal
from interop.fhir.tables import table


class Item(NamedTuple):
    """One member of a collection.

    ``value`` is plain JSON (a dict for a complex type, None for a primitive that has extensions only) or, for a system type,
    a bool, int, Decimal, str, ``Temporal`` or ``Quantity``. ``type`` is a type of R4 (``Patient``, ``code``), the path of a
    backbone element (``Patient.contact``), ``System.Boolean`` and the like, or '' for JSON of no known type. ``shadow`` is the
    ``_name`` sibling of a primitive.
    """

    value: Any
    type: str
    shadow: Any = None

    @staticmethod
    def of(resource: dict[str, Any]) -> Item:
        """A resource as a node of the type that it says."""
        return Item(resource, resource_type(resource))


Collection = list[Item]
"""Collections are never changed once they have been handed on: several may be one list."""


def resource_type(resource: Any) -> str:
    """The type that a resource says, '' where it says none or one that is not of R4."""
    said = resource.get("resourceType") if isinstance(resource, dict) else None
    return said if isinstance(said, str) and said in table("structures") else ""


BOOLEAN, INTEGER, DECIMAL, STRING, QUANTITY = (
    "System.Boolean",
    "System.Integer",
    "System.Decimal",
    "System.String",
    "System.Quantity",
)
_TEMPORAL = {"date": "System.Date", "dateTime": "System.DateTime", "time": "System.Time"}

EMPTY: Collection = []
TRUE: Collection = [Item(True, BOOLEAN)]
FALSE: Collection = [Item(False, BOOLEAN)]


def boolean(said: bool | None) -> Collection:
    """True, false or empty as a collection."""
    return EMPTY if said is None else TRUE if said else FALSE


def system(value: Any) -> Item:
    """A Python value as a system value; JSON objects become nodes of the type they say."""
    kind = type(value)
    if kind is str:
        return Item(value, STRING)
    if kind is bool:
        return Item(value, BOOLEAN)
    if kind is int:
        return Item(value, INTEGER)
    if isinstance(value, Temporal):
        return Item(value, _TEMPORAL[value.kind])
    if isinstance(value, Quantity):
        return Item(value, QUANTITY)
    if isinstance(value, Decimal):
        return Item(value, DECIMAL)
    if isinstance(value, float):
        return Item(Decimal(repr(value)), DECIMAL)
    return Item(value, resource_type(value))


def one(value: Any) -> Collection:
    """A collection of one system value."""
    return [system(value)]
