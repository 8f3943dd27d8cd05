"""A source value through a code table."""

from __future__ import annotations

from typing import Any

from interop.mapping.tables import Code


def code_as_code(table: dict[str, Code], value: str) -> str | None:
    """The code for a source value; None where the table lacks it."""
    found = table.get(value) or table.get("*")
    if found is None:
        return None
    return value if found.code == "=" else found.code


def code_as_Coding(table: dict[str, Code], value: str) -> dict[str, Any] | None:
    """The same as a Coding; a row without a code gives nothing but its display."""
    found = table.get(value) or table.get("*")
    if found is None:
        return None
    coding = dict(found.coding)
    if found.code == "=":
        coding["code"] = value
    return coding or None


def code_as_CodeableConcept(table: dict[str, Code], value: str) -> dict[str, Any] | None:
    """The same as a CodeableConcept of one coding."""
    coding = code_as_Coding(table, value)
    return {"coding": [coding]} if coding is not None else None
