"""Occurrences: the values that an element has in an instance, with what belongs to each."""

from __future__ import annotations

from typing import Any, NamedTuple

from interop.fhir import facts


class Occurrence(NamedTuple):
    """A value, its ``_name`` sibling where it is a primitive, its type's name, and its step: ``name[0]``, ``active``."""

    value: Any
    shadow: Any
    type: str
    step: str


Json = dict[str, Any]
Names = tuple[tuple[str, str], ...]
"""The names that an element may have in JSON, each with its type: one, or one for each form of a choice."""


def step_of(name: str, stem: str, place: int) -> str:
    """How an occurrence is written in an expression."""
    shown = name
    return shown if place < 0 else f"{shown}[{place}]"


def occurrences(holder: Any, names: Names, stem: str) -> list[Occurrence]:
    """What ``holder`` has under ``names``, in order; [] where it is no object."""
    if not isinstance(holder, dict):
        return []
    found: list[Occurrence] = []
    for name, kind in names:
        value = holder.get(name)
        shadow = holder.get("_" + name) if kind[:1].islower() else None
        if value is None and shadow is None:
            continue
        if isinstance(value, list) or isinstance(shadow, list):
            values = value if isinstance(value, list) else []
            shadows = shadow if isinstance(shadow, list) else []
            for place in range(max(len(values), len(shadows))):
                one = values[place] if place < len(values) else None
                other = shadows[place] if place < len(shadows) else None
                if one is not None or other is not None:
                    found.append(Occurrence(one, other, typed(one, kind), step_of(name, stem, place)))
        else:
            found.append(Occurrence(value, shadow, typed(value, kind), step_of(name, stem, -1)))
    return found


def typed(value: Any, kind: str) -> str:
    """The type of a value: that of its element, or of the resource where a resource stands there."""
    if kind in ("Resource", "DomainResource") and isinstance(value, dict):
        return str(value.get("resourceType", kind))
    return kind


def names_of(block: str, name: str) -> Names:
    """The names of an element of a block in JSON, each with its type (of a backbone element its path); () where R4 has none."""
    known = facts.block(block)
    found = known.get(name)
    if found is None:
        return ()
    if found.choice == found.name:
        return tuple((key, each.types[0]) for key, each in known.items() if each.choice == name and key != name)
    return ((name, found.block or found.types[0]),)
