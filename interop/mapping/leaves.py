"""What stands at the leaves of a subtree that is copied, as FHIR has it."""

from __future__ import annotations

import re
from typing import Any

from interop.fhir import primitives
from interop.formats.json import Number
from interop.formats.tree import Node
from interop.mapping import transforms
from interop.mapping.narratives import as_div


def as_primitive(kind: str, node: Node) -> Any:
    """The value of a leaf as JSON has that datatype; None where it cannot be of it."""
    raw, text = node.raw, node.value or ""
    value: Any
    if kind == "boolean":
        value = raw if isinstance(raw, bool) else {"true": True, "false": False}.get(text)
    elif kind in primitives.NUMBERS:
        plain = isinstance(raw, int | Number) and not isinstance(raw, bool)
        value = raw if plain else transforms.REGISTRY["number", kind](text)
    elif isinstance(raw, bool | int | Number):
        value = None
    else:
        value = raw if isinstance(raw, str) and kind in ("markdown", "xhtml") else text.strip()
    if kind == "xhtml" and isinstance(value, str):
        value = as_div(value)
    if value is not None and primitives.valid(kind, value):
        return value
    if kind in ("date", "dateTime", "instant", "time"):
        value = transforms.REGISTRY["isotime", kind](text)
        return value if value is not None and primitives.valid(kind, value) else None
    return None


def system_of(contact: str) -> str:
    """The kind of a contact point that does not say it, by its form: R4 demands one beside a value."""
    if "@" in contact:
        return "email"
    return "phone" if re.fullmatch(r"\+?[\d\s()./-]{5,}", contact, re.ASCII) else "other"
