"""The index rows of a resource: search expressions compiled once for a type and a set of parameters."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from interop.fhir import facts
from interop.fhir.rows import IndexRow
from interop.fhir.searching.convert import CONVERTERS, Convert, Rows
from interop.fhir.searching.expression import And, Exists, Expression, Unequal, Union, parse
from interop.fhir.searching.walk import Walk, branches, ends_of

STORED = frozenset(("_id", "_lastUpdated"))
"""Parameters that a store answers from its own columns: indexed only where they are asked for by name."""

Test = Callable[[dict[str, Any]], bool | None]
Run = tuple[str, tuple[Walk, ...], Convert]


@cache
def indexable(resource_type: str) -> frozenset[str]:
    """The parameters of a type that yield index rows; composites, ``near`` and those without expression do not."""
    known = facts.search_parameters(resource_type)
    return frozenset(code for code in known if any(_compiled(resource_type, code)))


def index_rows(resource: dict[str, Any], parameters: frozenset[str] | None = None) -> list[IndexRow]:
    """The index rows of a resource, without repeats, in no promised order.

    ``parameters`` None takes all of its type except ``STORED``. A parameter that the type lacks yields nothing; a value
    that cannot be read yields nothing; nothing is raised for any JSON object.
    """
    kind = resource.get("resourceType")
    if not isinstance(kind, str):
        return []
    runs, tests = _plan(kind, parameters)
    rows: Rows = []
    for first, walks, convert in runs:
        if first:
            found = resource.get(first)
            if found is None:
                continue
            values = found if isinstance(found, list) else [found]
        else:
            values = [resource]
        for walk in walks:
            values = walk(values)
        for value in values:
            convert(value, rows)
    for code, test in tests:
        said = test(resource)
        if said is not None:
            rows.append(IndexRow(code, "token", "", "true" if said else "false"))
    return list(dict.fromkeys(rows)) if len(rows) > 1 else rows


@cache
def _plan(resource_type: str, parameters: frozenset[str] | None) -> tuple[list[Run], list[tuple[str, Test]]]:
    known = facts.search_parameters(resource_type)
    chosen = known.keys() - STORED if parameters is None else known.keys() & parameters
    compiled = [(code, *_compiled(resource_type, code)) for code in sorted(chosen)]
    return [run for _, runs, _ in compiled for run in runs], [(code, test) for code, _, tests in compiled for test in tests]


@cache
def _compiled(resource_type: str, code: str) -> tuple[list[Run], list[Test]]:
    """The runs and boolean tests of one parameter."""
    parameter = facts.search_parameters(resource_type)[code]
    makers = CONVERTERS.get(parameter.type)
    if not makers or not parameter.expression:
        return [], []
    tree = parse(parameter.expression)
    if not isinstance(tree, Union):
        return [], [_test(resource_type, tree)]
    ends = [end for each in branches(resource_type, tree) for end in ends_of(each)]
    return [(end.first, end.walks, makers[end.type](code, end.binding)) for end in ends if end.type in makers], []


def _test(resource_type: str, tree: Expression) -> Test:
    """A boolean expression as a function: None where FHIRPath yields nothing."""
    if isinstance(tree, And):
        parts = [_test(resource_type, each) for each in tree.parts]

        def both(resource: dict[str, Any]) -> bool | None:
            said = [part(resource) for part in parts]
            return False if False in said else None if None in said else True

        return both
    if isinstance(tree, Unequal):
        paths, literal = branches(resource_type, tree.path), tree.literal == "true"
        return lambda resource: next((value is not literal for path in paths for value in path.values(resource)), None)
    bare = Union(tuple(tuple(step for step in path if not isinstance(step, Exists)) for path in tree.paths))
    ways = branches(resource_type, bare)
    return lambda resource: any(way.values(resource) for way in ways)
