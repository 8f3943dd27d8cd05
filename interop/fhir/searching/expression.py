"""The shapes of expression that R4's search parameters have: paths, casts, a few filters, unions, one conjunction.

FHIRPath is read by ``interop.fhir.fhirpath``; here its trees become runs of operations, which walkers take at the speed of
plain paths.
"""

from __future__ import annotations

from dataclasses import dataclass

from interop.fhir.fhirpath import FhirPathError, tree
from interop.fhir.fhirpath.parser import parse as parse_fhirpath
from interop.fhir.fhirpath.tree import Call, Index, Literal, Member, Path, Tree, TypeTest
from interop.fhir.fhirpath.tree import Operation as Joined


class Unreadable(ValueError):
    """The expression is no FHIRPath, or of a shape that no walker takes."""


@dataclass(frozen=True, slots=True)
class Step:
    """Go to the child of that name; a choice is named by its stem."""

    name: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Keep what is of that type."""

    type: str


@dataclass(frozen=True, slots=True)
class ResolvesTo:
    """Keep references that lead to that resource type."""

    type: str


@dataclass(frozen=True, slots=True)
class Equals:
    """Keep what has a child of that value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class HasExtension:
    """Keep what carries an extension of that URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Extension:
    """Go to the extensions of that URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Item:
    """Keep the one at that place, from 0."""

    index: int


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether there is anything."""


Operation = Step | Cast | ResolvesTo | Equals | HasExtension | Extension | Item | Exists


@dataclass(frozen=True, slots=True)
class Union:
    """Paths, each a run of operations that starts with the Step of a type name (or of an element, in a component)."""

    paths: tuple[tuple[Operation, ...], ...]


@dataclass(frozen=True, slots=True)
class Unequal:
    """True unless the path yields that one literal; nothing where it yields nothing."""

    path: Union
    literal: str


@dataclass(frozen=True, slots=True)
class And:
    """True where every part is."""

    parts: tuple[Union | Unequal, ...]


Expression = Union | Unequal | And


def parse(text: str) -> Expression:
    """The operations of an expression; raises Unreadable."""
    try:
        return _conjunction(parse_fhirpath(text))
    except FhirPathError as error:
        raise Unreadable(text) from error
    except _Unfit:
        raise Unreadable(text) from None


class _Unfit(Exception):
    pass


def _conjunction(found: Tree) -> Expression:
    match found:
        case Joined("and", operands):
            parts = [_comparison(each) for each in operands]
            return And(tuple(parts))
        case _:
            return _comparison(found)


def _comparison(found: Tree) -> Union | Unequal:
    match found:
        case Joined("!=", (path, Literal(bool() as value))):
            return Unequal(_union(path), "true" if value else "false")
        case _:
            return _union(found)


def _union(found: Tree | None) -> Union:
    match found:
        case Joined("|", operands):
            return Union(tuple(path for each in operands for path in _union(each).paths))
        case TypeTest("as", operand, type_):
            return _then(_union(operand), Cast(type_))
        case Path(None, (Member(name), *steps)):
            paths = Union(((Step(name),),))
        case Path(start, steps) if start is not None:
            paths = _union(start)
        case _:
            raise _Unfit
    for step in steps:
        paths = _then(paths, _operation(step))
    return paths


def _operation(step: tree.Step) -> Operation:
    match step:
        case Member(name):
            return Step(name)
        case Index(Literal(int() as place)) if not isinstance(place, bool):
            return Item(place)
        case Call("as" | "ofType", (Path(None, (Member(name),)),)):
            return Cast(name)
        case Call("extension", (Literal(str() as url),)):
            return Extension(url)
        case Call("exists", ()):
            return Exists()
        case Call("where", (condition,)):
            return _condition(condition)
        case _:
            raise _Unfit


def _condition(found: Tree) -> Operation:
    match found:
        case TypeTest("is", Path(None, (Call("resolve", ()),)), name):
            return ResolvesTo(name)
        case Joined("=", (Path(None, (Member(name),)), Literal(str() as value))):
            return Equals(name, value)
        case Path(None, (Call("hasExtension", (Literal(str() as url),)),)):
            return HasExtension(url)
        case _:
            raise _Unfit


def _then(found: Union, operation: Operation) -> Union:
    return Union(tuple((*path, operation) for path in found.paths))
