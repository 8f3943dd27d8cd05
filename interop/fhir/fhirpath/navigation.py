"""From a node to its children, typed by the facts of R4 (FHIR R4, FHIRPath, section 2.1.9.1.1 to 2.1.9.1.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, NamedTuple

from interop.fhir import facts
from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.item import Collection, Item, resource_type, system

_new = tuple.__new__

RESOURCE = "Resource"
UNTYPED = "?"
_MANY = 8


class Form(NamedTuple):
    """One JSON name that a child may have: the type behind it, '' for a resource that says its own, and whether it has a shadow."""

    key: str
    type: str
    primitive: bool


@dataclass(frozen=True, slots=True)
class Way:
    """How a name leads from nodes of one type to their children.

    ``shadow`` takes the children from the shadow of the node itself. ``unknown`` is a name that the type lacks, ``typed`` the
    name of a choice with its type, which is no name of FHIRPath. ``by_key`` has the forms of a long choice by each JSON name.
    """

    forms: tuple[Form, ...]
    shadow: bool = False
    unknown: bool = False
    typed: bool = False
    by_key: dict[str, Form] = field(default_factory=dict)


_NOTHING = Way(())
_UNKNOWN = Way((), unknown=True)


@lru_cache(maxsize=65_536)
def way(kind: str, name: str) -> Way:
    """The way from a type (or the path of a backbone element) to its child ``name``."""
    if kind.startswith("System."):
        return _NOTHING
    primitive = facts.kind(kind) == "primitive"
    block = facts.block("Element" if primitive else kind)
    if not block:
        return _UNKNOWN if facts.kind(kind) else Way((Form(name, UNTYPED, False),))
    element = block.get(name)
    if element is not None and not name.endswith("[x]"):
        return Way((_form(element),), primitive, typed=bool(element.choice))
    stem = name + "[x]"
    forms = tuple(_form(each) for each in block.values() if each.choice == stem and each.block)
    if not forms:
        return _UNKNOWN
    by_key = {key: form for form in forms for key in (form.key, "_" + form.key)} if len(forms) > _MANY else {}
    return Way(forms, primitive, by_key=by_key)


def _form(element: facts.Element) -> Form:
    kind = "" if element.block == RESOURCE else element.block
    return Form(element.name, kind, facts.kind(kind) == "primitive")


def member(items: Collection, name: str, ways: dict[str, Way], state: State) -> Collection:
    """The children of that name of every item; ``ways`` remembers what was found out about the name."""
    found: Collection = []
    for value, kind, shadow in items:
        known = ways.get(kind)
        if known is None:
            known = ways[kind] = way(kind, name)
        if known.unknown and state.environment.strict:
            raise FhirPathError("no element of that name")
        if known.typed and not state.environment.polymorphic:
            raise FhirPathError("a choice is named without its type")
        holder = shadow if known.shadow else value
        if not isinstance(holder, dict):
            continue
        if known.by_key:
            by_key = known.by_key
            for key in holder:
                if key in by_key and (key[0] != "_" or key[1:] not in holder):
                    _gather(holder, by_key[key], found)
        else:
            for form in known.forms:
                _gather(holder, form, found)
    if len(found) > _MANY:
        state.pay(len(found))
    return found


def _gather(holder: dict[str, Any], form: Form, found: Collection) -> None:
    """Add what is under one JSON name."""
    key, kind, primitive = form
    child = holder.get(key)
    if primitive:
        below = holder.get("_" + key)
        if below is not None or isinstance(child, list):
            _primitives(child, below, kind, found)
        elif child is not None:
            found.append(_new(Item, (child, kind, None)))
    elif child is None:
        return
    elif kind and kind is not UNTYPED:
        if isinstance(child, list):
            found.extend([_new(Item, (each, kind, None)) for each in child if each is not None])
        else:
            found.append(_new(Item, (child, kind, None)))
    else:
        children = child if isinstance(child, list) else [child]
        found.extend(_dynamic(each, kind) for each in children if each is not None)


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
    return system(value) if kind is UNTYPED else Item(value, resource_type(value) or RESOURCE)


@cache
def names(kind: str) -> tuple[str, ...]:
    """The names of the children of a type, choices by their stem."""
    if kind.startswith("System."):
        return ()
    primitive = facts.kind(kind) == "primitive"
    block = facts.block("Element" if primitive else kind)
    return tuple(name.removesuffix("[x]") for name, each in block.items() if not each.choice or name.endswith("[x]"))


class _Keys(NamedTuple):
    shadow: bool
    forms: dict[str, tuple[str, Form]]


@cache
def _keys(kind: str) -> _Keys:
    """JSON name, with and without underscore -> name of the element and form."""
    named = {form.key: (name, form) for name in names(kind) for form in way(kind, name).forms}
    return _Keys(facts.kind(kind) == "primitive", named | {"_" + key: each for key, each in named.items() if each[1].primitive})


def children(item: Item, state: State) -> Collection:
    """All children of a node, in the order of its JSON."""
    value, kind, below = item
    shadow, forms = _keys(kind)
    holder = below if shadow else value
    found: Collection = []
    if not isinstance(holder, dict):
        return found
    if not forms:
        return [child for key in holder if key != "resourceType" for child in member([item], key, {}, state)]
    for key in holder:
        entry = forms.get(key)
        if entry is not None and (key[0] != "_" or key[1:] not in holder):
            _gather(holder, entry[1], found)
    if len(found) > _MANY:
        state.pay(len(found))
    return found


def named_children(item: Item, state: State) -> Iterator[tuple[str, Collection]]:
    """The children of a node by name (choices by their stem), in the order of its JSON."""
    value, kind, below = item
    shadow, forms = _keys(kind)
    holder = below if shadow else value
    if not isinstance(holder, dict):
        return
    for key in list(holder):
        found: Collection = []
        entry = forms.get(key)
        if entry is None and not forms and key != "resourceType":
            yield key, member([item], key, {}, state)
        elif entry is not None and (key[0] != "_" or key[1:] not in holder):
            _gather(holder, entry[1], found)
            yield entry[0], found


def descendants(items: Collection, state: State) -> Collection:
    """All that is below the items, level by level."""
    found: Collection = []
    level = items
    while level:
        level = [child for each in level for child in children(each, state)]
        state.pay(3 * len(level))
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
