"""Composite parameters: values that belong together (FHIR R4 search, section 3.1.1.4.14)."""

from __future__ import annotations

from functools import cache
from itertools import permutations
from typing import Any

from interop.fhir import facts
from interop.fhir.facts import SearchParameter
from interop.fhir.rows import IndexRow
from interop.fhir.searching.convert import CONVERTERS
from interop.fhir.searching.expression import Union
from interop.fhir.searching.making import Convert, Rows
from interop.fhir.searching.parsing import parse
from interop.fhir.searching.walk import Branch, branches, ends_of, within

_LEFT_OUT = frozenset(("text", "of-type", "identifier", "part", "below"))
"""Kinds of row that only modifiers ask for, which a composite does not take."""

_new = tuple.__new__
Made = dict[tuple[Convert, int], Rows]
"""What converters have made of values of a resource, by identity."""
Part = list[tuple[bool, Branch, Convert]]
"""A component: whether it starts at the whole resource, where it leads, what makes its rows."""


@cache
def components(resource_type: str, parameter: SearchParameter) -> tuple[SearchParameter, ...]:
    """The parameters behind the components of a composite, in order; () where one of them is not known for the type.

    R4 has two of one composite crossed (DocumentReference ``relationship``): of an expression and a parameter that do not go
    together, the one that does is taken.
    """
    known = facts.search_parameters(resource_type)
    found = tuple(known[code] for code, _ in parameter.components if code in known)
    tree = parse(parameter.expression)
    if not isinstance(tree, Union) or len(found) != len(parameter.components):
        return ()
    elements = branches(resource_type, tree)
    for order in permutations(found):
        pairs = zip(order, parameter.components, strict=True)
        if all(any(_part(each, resource_type, one.type, text) for each in elements) for one, (_, text) in pairs):
            return order
    return found


class Composite:
    """A composite parameter of a resource type, compiled. ``ways`` are the elements it looks at, with their components;
    ``starts`` the children of the resource of which it needs one, '' where it may do without."""

    __slots__ = ("_code", "starts", "ways")

    def __init__(self, resource_type: str, parameter: SearchParameter) -> None:
        self._code = parameter.code
        self.ways: list[tuple[Branch, list[Part]]] = []
        tree = parse(parameter.expression)
        if not isinstance(tree, Union):
            return
        types = [each.type for each in components(resource_type, parameter)]
        for element in branches(resource_type, tree):
            parts = [
                _part(element, resource_type, type_, expression)
                for type_, (_, expression) in zip(types, parameter.components, strict=False)
            ]
            if parts and all(parts):
                self.ways.append((element, parts))
        # Of a component that starts at the resource the last is taken: the value, which most resources lack.
        self.starts = frozenset(
            name for element, parts in self.ways for name in ((element.first,) if element.first else _firsts(parts[-1]))
        )

    def rows(self, resource: dict[str, Any], rows: list[IndexRow], made: Made) -> None:
        """Append the rows of the elements in which every component has a value; ``made`` are the rows of values that have been
        converted already."""
        number = 0
        for element, parts in self.ways:
            if element.first and element.first not in resource:
                continue
            for value in element.values(resource):
                if not isinstance(value, dict):
                    continue
                found: list[Rows] = []
                for part in parts:
                    here: Rows = []
                    for whole, branch, convert in part:
                        start = resource if whole else value
                        for each in branch.values(start):
                            bare = made.get((convert, id(each)))
                            if bare is None:
                                bare = made[convert, id(each)] = []
                                convert(each, bare)
                            here += bare
                    if not here:
                        break
                    found.append(here)
                else:
                    for place, some in enumerate(found):
                        part_of, code = str(place), self._code
                        rows += [
                            _new(IndexRow, (code, "composite", number, place, _new(IndexRow, (part_of, *row))))
                            for row in some
                            if row[0] not in _LEFT_OUT
                        ]
                    number += 1


def _firsts(part: Part) -> list[str]:
    return [end.first for _, end, _ in part]


def _part(element: Branch, resource_type: str, type_: str, expression: str) -> Part:
    tree = parse(expression)
    makers = CONVERTERS.get(type_, {})
    if not isinstance(tree, Union):
        return []
    ends = [(whole, end) for whole, each in within(element, resource_type, tree) for end in ends_of(each)]
    return [(whole, end, makers[end.type](end.binding)) for whole, end in ends if end.type in makers]
