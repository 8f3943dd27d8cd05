"""Which modifiers each type of parameter takes (FHIR R4 search, 3.1.1.4.5)."""

from __future__ import annotations

from typing import Final

MISSING: Final = "missing"
MODIFIERS: Final = {
    "token": ("", "text", "not", "in", "not-in", "below", "above", "of-type", MISSING),
    "string": ("", "exact", "contains", "text", MISSING),
    "date": ("", MISSING),
    "number": ("", MISSING),
    "quantity": ("", MISSING),
    "uri": ("", "below", "above", MISSING),
    "reference": ("", "identifier", "text", "above", "below", MISSING),
    "composite": ("", MISSING),
    "special": ("", MISSING),
}
"""Parameter type -> modifiers; a reference also takes the name of a resource type. A string takes ``:text`` beyond the standard, as
other servers do: a part of the text."""
NEGATIVE: Final = ("not", "not-in")
"""Modifiers that want what no value satisfies."""
