"""Registers to a resource body, the same way for a single contribution and for the fold of many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Build = Callable[[Mapping[str, Any], dict[str, Any]], dict[str, Any]]
OFTEN = 64
"""So many bodies of the same registers are worth a function of their own."""


def assemble(kind: str, registers: Mapping[str, Any]) -> dict[str, Any]:
    """The body that these registers make: dotted paths nest, groups of an element that repeats join in the order of their names,
    and an identifier that two groups give alike stands there once."""
    return _shape(tuple(registers)).body(registers, {"resourceType": kind})


class _Shape:
    """How a set of registers is put together: step by step, or by a function compiled for it once it is seen often."""

    __slots__ = ("_build", "_steps", "_uses")

    def __init__(self, registers: tuple[str, ...]) -> None:
        self._steps = [(register, *_parsed(register)) for register in sorted(registers)]
        self._uses = 0
        self._build: Build | None = None

    def body(self, registers: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """Fill ``body``; a register that is None or an empty list adds nothing."""
        if self._build is not None:
            return self._build(registers, body)
        self._uses += 1
        if self._uses == OFTEN:
            self._build = self._compiled()
        for register, outer, path, group in self._steps:
            value = registers[register]
            if value is None or value == []:
                continue
            inside = body
            for name in outer:
                inside = inside.setdefault(name, {})
            if not group:
                inside[path] = value
            elif path in inside:
                join(inside[path], value)
            else:
                inside[path] = [*value]
        return body

    def _compiled(self) -> Build:
        lines = ["def build(registers, body):"]
        for register, outer, path, group in self._steps:
            there = "value" if group else "value is not None and value != []"
            lines += [f"    value = registers[{register!r}]", f"    if {there}:"]
            inside = "body"
            for name in outer:
                lines.append(f"        inside = {inside}.setdefault({name!r}, {{}})")
                inside = "inside"
            if group:
                place = f"{inside}[{path!r}]"
                lines += [f"        if {path!r} in {inside}:", f"            join({place}, value)"]
                lines += ["        else:", f"            {place} = [*value]"]
            else:
                lines.append(f"        {inside}[{path!r}] = value")
        space: dict[str, Build] = {}
        exec("\n".join([*lines, "    return body"]), {"join": join}, space)
        return space["build"]


def join(elements: list[Any], more: list[Any]) -> None:
    """Put a group behind others; an identifier (what has a system and a value) that two groups give alike stands there once."""
    elements += [one for one in more if not (isinstance(one, dict) and "system" in one and "value" in one and one in elements)]


@lru_cache(maxsize=4_096)
def _shape(registers: tuple[str, ...]) -> _Shape:
    return _Shape(registers)


@lru_cache(maxsize=4_096)
def _parsed(register: str) -> tuple[tuple[str, ...], str, bool]:
    """A register's enclosing elements, its own, and whether it is a group of an element that repeats."""
    path, colon, _ = register.partition(":")
    *outer, last = path.split(".")
    return tuple(outer), last, bool(colon)
