"""Trees of FHIRPath as the operations of search expressions."""

from __future__ import annotations

from interop.fhir.fhirpath import FhirPathError, tree
from interop.fhir.fhirpath.parser import parse
from interop.fhir.fhirpath.tree import Call, External, Index, Literal, Member, Path, Tree, TypeTest
from interop.fhir.fhirpath.tree import Operation as Joined
from interop.fhir.searching.expression import (
    WHOLE,
    And,
    Cast,
    Equals,
    Exists,
    Expression,
    Extension,
    HasExtension,
    Item,
    Operation,
    ResolvesTo,
    Step,
    Unequal,
    Union,
    Unreadable,
)


def read(text: str) -> Expression:
    """The operations of an expression; raises Unreadable."""
    try:
        return _conjunction(parse(text))
    except (FhirPathError, Unreadable) as error:
        raise Unreadable(text) from error


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
        case Path(External("resource"), steps):
            paths = Union(((Step(WHOLE),),))
        case Path(start, steps) if start is not None:
            paths = _union(start)
        case _:
            raise Unreadable
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
            raise Unreadable


def _condition(found: Tree) -> Operation:
    match found:
        case TypeTest("is", Path(None, (Call("resolve", ()),)), name):
            return ResolvesTo(name)
        case Joined("=", (Path(None, (Member(name),)), Literal(str() as value))):
            return Equals(name, value)
        case Path(None, (Call("hasExtension", (Literal(str() as url),)),)):
            return HasExtension(url)
        case _:
            raise Unreadable


def _then(found: Union, operation: Operation) -> Union:
    return Union(tuple((*path, operation) for path in found.paths))
