"""The index rows of a resource: search expressions compiled once for a type and a set of parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from interop.fhir import facts
from interop.fhir.facts import SearchParameter
from interop.fhir.rows import IndexRow
from interop.fhir.searching.composites import Composite, Made
from interop.fhir.searching.convert import CONVERTERS, FAMILY
from interop.fhir.searching.expression import And, Exists, Expression, Unequal, Union, Unreadable
from interop.fhir.searching.making import Convert, Rows
from interop.fhir.searching.parsing import parse
from interop.fhir.searching.walk import Branch, Walk, branches, ends_of
from interop.fhir.searching.words import content, narrative

if TYPE_CHECKING:
    from interop.fhir.searching.evaluated import Evaluated

STORED = frozenset(("_id", "_lastUpdated"))
"""Parameters that a store answers from its own columns: indexed only where they are asked for by name."""
TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {"_text": narrative, "_content": content}
"""Parameters without expression that look at all the words of a resource."""

THERE = ("token", "", "", None)
"""The row of elements of which nothing can be found (a quantity without value): they are not
missing (FHIR R4 search, section 3.1.1.4.4)."""
_new = tuple.__new__
Test = Callable[[dict[str, Any]], bool | None]


@dataclass(slots=True)
class Node:
    """Converters of the values at the end of a walk, and walks onwards: parameters that share a path share its steps."""

    converts: dict[Convert, list[str]] = field(default_factory=dict)
    onwards: dict[Walk, Node] = field(default_factory=dict)

    def take(self, values: list[Any], rows: list[IndexRow], made: Made | None) -> None:
        """Append the rows of the values found here and further on. A value is converted once for all parameters; ``made`` keeps
        that for composites."""
        for convert, codes in self.converts.items():
            bare: Rows = []
            for value in values:
                if made is None:
                    convert(value, bare)
                else:
                    one = made[convert, id(value)] = []
                    convert(value, one)
                    bare += one
            if not bare and any(value and isinstance(value, dict) for value in values):
                bare.append(THERE)
            for code in codes:
                # IndexRow without the detour through its __new__: a third of the time of a row.
                rows += [_new(IndexRow, (code, *row)) for row in bare]
        for walk, node in self.onwards.items():
            found = walk(values)
            if found:
                node.take(found, rows, made)


@dataclass(slots=True)
class Compiled:
    """Parameters of a type, ready: ``nodes`` by the child of the resource at which they start, '' for the resource itself;
    ``composites`` by the children of which each needs one, '' for none."""

    nodes: dict[str, Node] = field(default_factory=dict)
    tests: list[tuple[str, Test]] = field(default_factory=list)
    composites: dict[str, list[Composite]] = field(default_factory=dict)
    evaluated: list[Evaluated] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def add(self, resource_type: str, parameter: SearchParameter) -> None:
        """Compile one parameter; what it has no rows for is passed over. Raises Unreadable for what is no FHIRPath."""
        if parameter.code in TEXTS:
            self.texts.append(parameter.code)
        elif parameter.type == "composite":
            made = Composite(resource_type, parameter)
            for start in made.starts:
                self.composites.setdefault(start, []).append(made)
        elif parameter.expression and parameter.type in CONVERTERS:
            try:
                tree = parse(parameter.expression)
            except Unreadable:
                self.evaluated.append(_evaluated(parameter))
                return
            if not isinstance(tree, Union) or any(isinstance(path[-1], Exists) for path in tree.paths):
                self.tests.append((parameter.code, _test(resource_type, tree)))
                return
            makers = CONVERTERS[parameter.type]
            for end in (end for each in branches(resource_type, tree) for end in ends_of(each)):
                make = makers.get(FAMILY if parameter.code == FAMILY else end.block) or makers.get(end.type)
                if make:
                    self._at(end).converts.setdefault(make(end.binding), []).append(parameter.code)

    def _at(self, end: Branch) -> Node:
        node = self.nodes.setdefault(end.first, Node())
        for walk in end.walks:
            node = node.onwards.setdefault(walk, Node())
        return node

    def __bool__(self) -> bool:
        return bool(self.nodes or self.tests or self.composites or self.evaluated or self.texts)

    def rows(self, resource: dict[str, Any]) -> list[IndexRow]:
        """The rows of a resource, without repeats."""
        rows: list[IndexRow] = []
        nodes, composites = self.nodes, self.composites
        asked = dict.fromkeys(each for name in ("", *resource) for each in composites.get(name, ())) if composites else {}
        made: Made | None = {} if asked else None
        for name, value in resource.items():
            node = nodes.get(name)
            if node is not None and value is not None:
                node.take(value if isinstance(value, list) else [value], rows, made)
        whole = nodes.get("")
        if whole is not None:
            whole.take([resource], rows, made)
        for code, test in self.tests:
            said = test(resource)
            if said is not None:
                rows.append(IndexRow(code, "token", "", "true" if said else "false"))
        for composite in asked:
            composite.rows(resource, rows, made or {})
        for evaluated in self.evaluated:
            evaluated.rows(resource, rows)
        for code in self.texts:
            words = TEXTS[code](resource)
            if words:
                rows.append(IndexRow(code, "words", words))
        return list(dict.fromkeys(rows)) if len(rows) > 1 else rows


@cache
def indexable(resource_type: str) -> frozenset[str]:
    """The parameters of a type that yield index rows: all that have an expression, ``_text`` and ``_content``."""
    known = facts.search_parameters(resource_type)
    return frozenset(code for code in known if _compile(resource_type, (known[code],)))


@cache
def caseless(resource_type: str, parameter: SearchParameter) -> bool:
    """Whether a parameter of tokens looks at strings, which are compared without case."""
    try:
        tree = parse(parameter.expression)
        ways = branches(resource_type, tree) if isinstance(tree, Union) else []
    except Unreadable:
        return False
    return any(end.type == "string" for way in ways for end in ends_of(way))


def usable(resource_type: str, parameter: SearchParameter) -> bool:
    """Whether a parameter that somebody defines can yield rows for a type."""
    try:
        return bool(_compile(resource_type, (parameter,)))
    except (Unreadable, TypeError):
        return False


def index_rows(
    resource: dict[str, Any], parameters: frozenset[str] | None = None, own: tuple[SearchParameter, ...] = ()
) -> list[IndexRow]:
    """The index rows of a resource, without repeats, in no promised order.

    ``parameters`` None takes all of R4's for its type except ``STORED``; ``own`` are further ones. A parameter that the type
    lacks yields nothing; a value that cannot be read yields nothing; nothing is raised for any JSON object.
    """
    kind = resource.get("resourceType")
    return _chosen(kind, parameters, own).rows(resource) if isinstance(kind, str) else []


def _compile(resource_type: str, parameters: tuple[SearchParameter, ...]) -> Compiled:
    made = Compiled()
    for parameter in parameters:
        made.add(resource_type, parameter)
    return made


@lru_cache(maxsize=1024)
def _chosen(resource_type: str, parameters: frozenset[str] | None, own: tuple[SearchParameter, ...]) -> Compiled:
    known = facts.search_parameters(resource_type)
    codes = known.keys() - STORED if parameters is None else known.keys() & parameters
    return _compile(resource_type, (*(known[code] for code in sorted(codes)), *own))


def _evaluated(parameter: SearchParameter) -> Evaluated:
    # FHIRPath is loaded for those alone who need it: none of R4's parameters does.
    from interop.fhir.searching.evaluated import Evaluated

    return Evaluated(parameter)


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
