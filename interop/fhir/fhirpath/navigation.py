"""From a node to its children, typed by the facts of R4 (FHIR R4, FHIRPath, section 2.1.9.1.1 to 2.1.9.1.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from interop.fhir import facts
from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.item import STRING, Collection, Item, resource_type, system

_new = tuple.__new__

RESOURCE = "Resource"


@dataclass(frozen=True, slots=True)
class Way:
    """How a name leads from nodes of one type to their children.

    ``forms`` are the JSON names with the type of each, '' for a resource of the type it says. ``primitive`` are those that have a
    shadow. ``shadow`` takes the children from the shadow of the node itself.
    """

    forms: tuple[tuple[str, str], ...]
    primitive: frozenset[str] = frozenset()
    shadow: bool = False
    unknown: bool = False


_NOTHING = Way(())
_UNKNOWN = Way((), unknown=True)


@cache
def way(kind: str, name: str) -> Way:
    """The way from a type (or the path of a backbone element) to its child ``name``."""
    if kind.startswith("System."):
        return _NOTHING
    primitive = facts.kind(kind) == "primitive"
    block = facts.block("Element" if primitive else kind)
    if not block:
        return Way(((name, "?"),)) if not facts.kind(kind) else _UNKNOWN
    element = block.get(name)
    if element is not None and not element.choice:
        return _way([element], primitive)
    stem = name + "[x]"
    forms = [each for each in block.values() if each.choice == stem and each.block]
    return _way(forms, primitive) if forms else _UNKNOWN


def _way(elements: list[facts.Element], shadow: bool) -> Way:
    forms = tuple((each.name, "" if each.block == RESOURCE else each.block) for each in elements)
    return Way(forms, frozenset(name for name, kind in forms if facts.kind(kind) == "primitive"), shadow)


def member(items: Collection, name: str, ways: dict[str, Way], state: State) -> Collection:
    """The children of that name of every item; ``ways`` remembers what was found out about the name."""
    found: Collection = []
    for value, kind, shadow in items:
        known = ways.get(kind)
        if known is None:
            known = ways[kind] = way(kind, name)
        if known.unknown and state.environment.strict:
            raise FhirPathError("no element of that name")
        holder = shadow if known.shadow else value
        if not isinstance(holder, dict):
            continue
        forms = known.forms
        if len(forms) > 8:
            forms = tuple(form for form in forms if form[0] in holder or "_" + form[0] in holder)
        for key, child_kind in forms:
            child = holder.get(key)
            if key in known.primitive:
                below = holder.get("_" + key)
                if below is None and child is not None and not isinstance(child, list):
                    found.append(_new(Item, (child, child_kind, None)))
                else:
                    _primitives(child, below, child_kind, found)
            elif child is None:
                continue
            elif child_kind and child_kind != "?":
                if isinstance(child, list):
                    found.extend([_new(Item, (each, child_kind, None)) for each in child if each is not None])
                else:
                    found.append(_new(Item, (child, child_kind, None)))
            else:
                children = child if isinstance(child, list) else [child]
                found.extend(_dynamic(each, child_kind) for each in children if each is not None)
    if len(found) > 8:
        state.pay(len(found))
    return found


def _primitives(child: Any, below: Any, kind: str, found: Collection) -> None:
    values = child if isinstance(child, list) else [child]
    shadows = below if isinstance(below, list) else [below]
    for place in range(max(len(values), len(shadows))):
        value = values[place] if place < len(values) else None
        shadow = shadows[place] if place < len(shadows) else None
        if value is not None or isinstance(shadow, dict):
            found.append(Item(value, kind, shadow))


def _dynamic(value: Any, kind: str) -> Item:
    """A resource by the type it says, or JSON of no known type."""
    if kind == "?":
        return system(value)
    return Item(value, resource_type(value) or RESOURCE)


@cache
def names(kind: str) -> tuple[str, ...]:
    """The names of the children of a type, choices by their stem."""
    if kind.startswith("System."):
        return ()
    primitive = facts.kind(kind) == "primitive"
    block = facts.block("Element" if primitive else kind)
    return tuple(name.removesuffix("[x]") for name, each in block.items() if not each.choice or name.endswith("[x]"))


@cache
def _keys(kind: str) -> dict[str, tuple[str, Way]]:
    """JSON name -> (name of the element, the way of this one form)."""
    found: dict[str, tuple[str, Way]] = {}
    for name in names(kind):
        known = way(kind, name)
        for form in known.forms:
            found[form[0]] = (name, Way((form,), known.primitive, known.shadow))
    return found


def children(item: Item, state: State) -> Collection:
    """All children of a node, in the order of its JSON."""
    return [each for _, found in named_children(item, state) for each in found]


def named_children(item: Item, state: State) -> Iterator[tuple[str, Collection]]:
    """The children of a node by name, in the order of its JSON."""
    value, kind, shadow = item
    keys = _keys(kind)
    holder = shadow if facts.kind(kind) == "primitive" else value
    if not isinstance(holder, dict):
        return
    typed = bool(keys)
    if len(holder) > 8:
        state.pay(len(holder))
    for key in list(holder):
        if not typed:
            if key != "resourceType":
                yield key, member([item], key, {}, state)
            continue
        plain = key[1:] if key.startswith("_") else key
        if plain is not key and plain in holder:
            continue
        entry = keys.get(plain)
        if entry is not None:
            yield entry[0], member([item], entry[0], {kind: entry[1]}, state)


def descendants(items: Collection, state: State) -> Collection:
    """All that is below the items, level by level."""
    found: Collection = []
    level = items
    while level:
        level = [child for each in level for child in children(each, state)]
        state.pay(len(level))
        found.extend(level)
    return found


def extensions(items: Collection, url: str) -> Collection:
    """The extensions of that URL."""
    found: Collection = []
    for value, kind, shadow in items:
        holder = value if isinstance(value, dict) else shadow
        listed = holder.get("extension") if isinstance(holder, dict) and not kind.startswith("System.") else None
        if isinstance(listed, list):
            found.extend(Item(each, "Extension") for each in listed if isinstance(each, dict) and each.get("url") == url)
    return found


def text(item: Item) -> str | None:
    """A node or value as a string, if it is one of the types that are strings."""
    value = item.value
    return value if isinstance(value, str) else None


__all__ = ["STRING", "children", "descendants", "extensions", "member", "named_children", "names", "text", "way"]
