"""Occurrences: the values that an element has in an instance, with what belongs to each."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from interop.fhir import facts
from interop.fhir.shapes import Json


class Occurrence(NamedTuple):
    """A value, its ``_name`` sibling where it is a primitive, its type's name, and its step: ``name[0]``, ``active``."""

    value: Any
    shadow: Any
    type: str
    step: str


Names = dict[str, str]
"""The names that an element may have in JSON, each with its type: one, or one for each form of a choice."""


def occurrences(holder: Any, names: Names) -> list[Occurrence]:
    """What ``holder`` has under ``names``, in order; [] where it is no object."""
    if not isinstance(holder, dict):
        return []
    found: list[Occurrence] = []
    for name in names if len(names) == 1 else _present(holder, names):
        kind = names[name]
        value = holder.get(name)
        shadow = holder.get("_" + name) if kind[:1].islower() else None
        if isinstance(value, list) or isinstance(shadow, list):
            values = value if isinstance(value, list) else []
            shadows = shadow if isinstance(shadow, list) else []
            for place in range(max(len(values), len(shadows))):
                one = values[place] if place < len(values) else None
                other = shadows[place] if place < len(shadows) else None
                if one is not None or other is not None:
                    found.append(Occurrence(one, other, typed(one, kind), f"{name}[{place}]"))
        elif value is not None or shadow is not None:
            found.append(Occurrence(value, shadow, typed(value, kind), name))
    return found


def _present(holder: Json, names: Names) -> list[str]:
    """Those of the names that an object has, itself or as ``_name``."""
    return [name for name in dict.fromkeys(key[1:] if key[:1] == "_" else key for key in holder) if name in names]


def typed(value: Any, kind: str) -> str:
    """The type of a value: that of its element, or of the resource where a resource stands there."""
    if kind in ("Resource", "DomainResource") and isinstance(value, dict):
        return str(value.get("resourceType", kind))
    return kind


@lru_cache(maxsize=8192)
def names_of(block: str, name: str) -> Names:
    """The names of an element of a block in JSON, each with its type (of a backbone element its path); {} where R4 has none."""
    known = facts.block(block)
    found = known.get(name)
    if found is None:
        return {}
    if found.choice == found.name:
        return {key: each.types[0] for key, each in known.items() if each.choice == name and key != name}
    return {name: found.block or found.types[0]}
