"""Registers to a resource body, the same way for a single contribution and for the fold of many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def assemble(kind: str, registers: Mapping[str, Any]) -> dict[str, Any]:
    """The body that these registers make: dotted paths nest, groups of an element that repeats join in the order of their names."""
    body: dict[str, Any] = {"resourceType": kind}
    for register in sorted(registers):
        value = registers[register]
        if value is None or value == []:
            continue
        path, _, group = register.partition(":")
        inside = body
        if "." in path:
            *outer, path = path.split(".")
            for name in outer:
                inside = inside.setdefault(name, {})
        if group:
            inside.setdefault(path, []).extend(value)
        else:
            inside[path] = value
    return body
