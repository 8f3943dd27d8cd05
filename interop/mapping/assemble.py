"""Registers to a resource body, the same way for a single contribution and for the fold of many."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any


def assemble(kind: str, registers: Mapping[str, Any]) -> dict[str, Any]:
    """The body that these registers make: dotted paths nest, groups of an element that repeats join in the order of their names."""
    body: dict[str, Any] = {"resourceType": kind}
    for register, outer, path, group in _plan(tuple(registers)):
        value = registers[register]
        if value is None or value == []:
            continue
        inside = body
        for name in outer:
            inside = inside.setdefault(name, {})
        if group:
            if path in inside:
                inside[path] += value
            else:
                inside[path] = [*value]
        else:
            inside[path] = value
    return body


Step = tuple[str, tuple[str, ...], str, bool]
"""A register, its enclosing elements, its own, and whether it is a group of an element that repeats."""


@lru_cache(maxsize=16_384)
def _plan(registers: tuple[str, ...]) -> list[Step]:
    return [(register, *_parsed(register)) for register in sorted(registers)]


@lru_cache(maxsize=4_096)
def _parsed(register: str) -> tuple[tuple[str, ...], str, bool]:
    path, colon, _ = register.partition(":")
    *outer, last = path.split(".")
    return tuple(outer), last, bool(colon)
