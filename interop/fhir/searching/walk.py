"""Turns expressions into walkers over resources, typed by the facts of R4: every branch ends in one known datatype."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from interop.fhir import facts
from interop.fhir.references import target_type
from interop.fhir.searching.expression import (
    WHOLE,
    Cast,
    Equals,
    Exists,
    Extension,
    HasExtension,
    Item,
    Operation,
    ResolvesTo,
    Step,
    Union,
    Unreadable,
)

BRANCHES = 500
"""Ways in which a path may go on at one step: an extension's value alone has 50."""
Values = list[Any]
Walk = Callable[[Values], Values]


@dataclass(frozen=True, slots=True)
class Branch:
    """From the child ``first`` of a resource through ``walks`` to values of the datatype ``type``.

    ``first`` '' starts at the resource itself. ``binding`` is the required value set at the end, ``block`` where the
    children of the end are described.
    """

    first: str
    walks: tuple[Walk, ...]
    type: str
    block: str
    binding: str | None = None
    targets: tuple[str, ...] = ()

    def values(self, resource: dict[str, Any]) -> Values:
        """What the branch finds in a resource, in order."""
        if self.first:
            found = resource.get(self.first)
            values: Values = found if isinstance(found, list) else [] if found is None else [found]
        else:
            values = [resource]
        for walk in self.walks:
            if not values:
                break
            values = walk(values)
        return values


def branches(resource_type: str, union: Union) -> list[Branch]:
    """The branches of those paths that start at ``resource_type``, at a type it is built on, or at a child of it. Raises Unreadable
    where they are too many."""
    roots = {resource_type, "Resource", "DomainResource"}
    found: list[Branch] = []
    for root, *operations in union.paths:
        if isinstance(root, Step):
            start = Branch("", (), resource_type, resource_type)
            found += _followed([start] if root.name in roots else _children(start, root.name), operations)
    return found


def within(element: Branch, resource_type: str, union: Union) -> list[tuple[bool, Branch]]:
    """The branches of a component's paths: those that start at the element of a composite, and, marked True, those that start
    at the whole resource."""
    found: list[tuple[bool, Branch]] = []
    for root, *operations in union.paths:
        if not isinstance(root, Step):
            continue
        whole = root.name == WHOLE
        block = (resource_type, resource_type) if whole else (element.type, element.block)
        start = Branch("", (), *block)
        found += ((whole, end) for end in _followed([start] if whole else _children(start, root.name), operations))
    return found


def ends_of(branch: Branch) -> list[Branch]:
    """Where a search looks: the branch itself or, for an extension, the forms of its value."""
    return _children(branch, "value") if branch.type == "Extension" else [branch]


def _followed(current: list[Branch], operations: list[Operation]) -> list[Branch]:
    for operation in operations:
        current = [after for before in current for after in _follow(before, operation)]
        if len(current) > BRANCHES:
            raise Unreadable("the path may end in too many ways")
    return current


def _follow(branch: Branch, operation: Operation) -> list[Branch]:
    if isinstance(operation, Step):
        return _children(branch, operation.name)
    if isinstance(operation, Cast):
        # R4 has ``as(DateTime)`` for dateTime.
        return [branch] if branch.type.casefold() == operation.type.casefold() else []
    if isinstance(operation, Extension):
        extended = _children(branch, "extension")
        return [_with(each, _equals("url", operation.url)) for each in extended]
    if isinstance(operation, Exists):
        raise TypeError("exists() yields a boolean, not a path")
    return [_with(branch, _filter(branch, operation))]


def _filter(branch: Branch, operation: ResolvesTo | Equals | HasExtension | Item) -> Walk:
    if isinstance(operation, ResolvesTo):
        return _resolves(operation.type, branch.targets == (operation.type,))
    if isinstance(operation, Equals):
        return _equals(operation.name, operation.value)
    if isinstance(operation, HasExtension):
        return _extended(operation.url)
    return _item(operation.index)


def _children(branch: Branch, name: str) -> list[Branch]:
    known = facts.block(branch.block)
    element = known.get(name)
    if element is not None:
        return [_child(branch, element)]
    choice = known.get(name + "[x]")
    forms = [each for each in known.values() if choice and each.choice == choice.choice and each.block]
    return [_child(branch, each) for each in forms]


def _child(branch: Branch, element: facts.Element) -> Branch:
    first, walks = (branch.first, (*branch.walks, _step(element.name))) if branch.first or branch.walks else (element.name, ())
    return Branch(first, walks, element.types[0], element.block, element.binding, element.targets)


def _with(branch: Branch, walk: Walk) -> Branch:
    return Branch(branch.first, (*branch.walks, walk), branch.type, branch.block, branch.binding, branch.targets)


@cache
def _step(name: str) -> Walk:
    def walk(values: Values) -> Values:
        found: Values = []
        for value in values:
            if isinstance(value, dict):
                child = value.get(name)
                if isinstance(child, list):
                    found.extend(child)
                elif child is not None:
                    found.append(child)
        return found

    return walk


@cache
def _equals(name: str, expected: str) -> Walk:
    return lambda values: [each for each in values if isinstance(each, dict) and each.get(name) == expected]


@cache
def _resolves(expected: str, sole: bool) -> Walk:
    # A reference that does not tell its type passes where the element may point to nothing else.
    passing = {expected, ""} if sole else {expected}
    return lambda values: [each for each in values if isinstance(each, dict) and target_type(each) in passing]


@cache
def _extended(url: str) -> Walk:
    def carries(value: Any) -> bool:
        extensions = value.get("extension") if isinstance(value, dict) else None
        return isinstance(extensions, list) and any(isinstance(each, dict) and each.get("url") == url for each in extensions)

    return lambda values: [each for each in values if carries(each)]


@cache
def _item(index: int) -> Walk:
    return lambda values: values[index : index + 1]
