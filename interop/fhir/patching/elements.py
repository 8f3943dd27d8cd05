"""Setting, inserting and removing elements in the JSON of a resource; a primitive is a value and, beside it, a shadow."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from interop.errors import Problem
from interop.fhir import facts
from interop.fhir.patching.parts import Value, parts, value_of

Pair = tuple[Any, Any]
"""An element as it stands: value and shadow, None for what is not there."""


class Target(NamedTuple):
    """Where a value goes: member ``key`` of objects of the type or block ``owner``, of which there may be several (``many``)."""

    key: str
    many: bool
    type: str
    block: str


def target(owner: str, name: str, part: dict[str, Any], where: str) -> Target:
    """The member for an element by name: a choice by its stem, with ``[x]`` or with its type. Raises Problem ``patch-failed``."""
    known = _block(owner)
    if not known:
        raise Problem("patch-failed", where=where, detail="what its path leads to has no elements")
    stem = name.removesuffix("[x]")
    element = known.get(stem)
    if element is None and stem + "[x]" in known:
        value = value_of(part, where)
        key = stem + value.type[:1].upper() + value.type[1:] if value else ""
        element = known.get(key)
    if element is None:
        raise Problem("patch-failed", where=where, detail="there is no such element there, or not of that type")
    return Target(element.name, element.max is None or element.max > 1, element.types[0], element.block)


def choice(owner: str, key: str) -> str:
    """The name of an element with ``[x]`` where the member is one form of a choice."""
    element = _block(owner).get(key)
    return element.choice or key if element else key


def forms(owner: str, key: str) -> list[str]:
    """The members of which an object may have one: all forms of a choice."""
    stem = choice(owner, key)
    return [key] if stem == key else [name for name, each in _block(owner).items() if each.choice == stem and name != stem]


def _block(owner: str) -> Mapping[str, facts.Element]:
    return facts.block("Element" if facts.is_primitive(owner) else owner)


def made(into: Target, part: dict[str, Any], where: str) -> Pair:
    """The element that a part describes. Raises Problem ``patch-failed`` where it is of another kind than the element."""
    value = value_of(part, where)
    if value is None:
        return _assembled(into, part, where), None
    if value.type == "Resource" or into.type == "Resource":
        if value.type != into.type:
            raise _unfit(where)
        return deepcopy(value.content), None
    if facts.is_primitive(value.type) != facts.is_primitive(into.type):
        raise _unfit(where)
    if facts.is_primitive(value.type):
        return _converted(value, into.type, where), deepcopy(value.shadow)
    if into.block not in (value.type, *_bases(value.type)):
        raise _unfit(where)
    return deepcopy(value.content), None


def _assembled(into: Target, part: dict[str, Any], where: str) -> dict[str, Any]:
    """An element from parts, one for each child (backbone elements have no datatype of their own)."""
    content: dict[str, Any] = {}
    for each in parts(part, where):
        child = target(into.block, each["name"], each, where)
        if child.key in content and not child.many:
            raise Problem("patch-failed", where=where, detail="a child stands there twice")
        pairs = read(content, child.key) if child.many else []
        write(content, child.key, [*pairs, made(child, each, where)], many=child.many)
    return content


def _bases(datatype: str) -> tuple[str, ...]:
    """Types that a value may be given for: a Quantity for those that only narrow it."""
    return {"Quantity": ("Age", "Count", "Distance", "Duration", "Money")}.get(datatype, ())


_BOOLEAN, _NUMBERS = frozenset(("boolean",)), frozenset(("decimal", "integer", "positiveInt", "unsignedInt"))


def _converted(value: Value, wanted: str, where: str) -> Any:
    for kinds in (_BOOLEAN, _NUMBERS):
        if (value.type in kinds) != (wanted in kinds):
            raise _unfit(where)
    return value.content


def _unfit(where: str) -> Problem:
    return Problem("patch-failed", where=where, detail="the value is of another type than the element")


def read(holder: dict[str, Any], key: str) -> list[Pair]:
    """The elements under a member."""
    value, shadow = holder.get(key), holder.get("_" + key)
    if not isinstance(value, list) and not isinstance(shadow, list):
        return [] if value is None and shadow is None else [(value, shadow)]
    values, shadows = (each if isinstance(each, list) else [] for each in (value, shadow))
    width = max(len(values), len(shadows))
    return list(zip(values + [None] * (width - len(values)), shadows + [None] * (width - len(shadows)), strict=True))


def write(holder: dict[str, Any], key: str, pairs: list[Pair], *, many: bool) -> None:
    """Put these elements under a member instead of what is there, in its place; none removes it."""
    values: Any = [value for value, _ in pairs]
    shadows: Any = [shadow for _, shadow in pairs]
    for name, listed in ((key, values), ("_" + key, shadows)):
        if all(each is None for each in listed):
            holder.pop(name, None)
        else:
            holder[name] = listed if many else listed[0]
