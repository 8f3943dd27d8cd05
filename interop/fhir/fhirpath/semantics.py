"""What the text of an expression shows to be wrong over a type, before any resource is seen (N1 2.0.0, type safety)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.navigation import way
from interop.fhir.fhirpath.tree import Call, External, Index, Member, Operation, Path, Sign, Special, Step, Tree, TypeTest
from interop.fhir.fhirpath.types import is_a
from interop.fhir.fhirpath.types import known as known_type

Kinds = frozenset[str] | None
"""The types that a collection may hold; None where that is not known."""

_SAME = frozenset(("where", "first", "last", "tail", "skip", "take", "single", "distinct", "trace", "intersect", "exclude"))
_LAMBDA = frozenset(("where", "select", "all", "exists", "repeat", "aggregate", "sort", "trace", "iif"))
_ORDERED = frozenset(("first", "last", "tail", "skip", "take"))
_UNORDERED = frozenset(("children", "descendants"))


def check(tree: Tree, kinds: Kinds, variables: Mapping[str, str] = MappingProxyType({})) -> None:
    """Raise FhirPathError for the name of an element that no type there has, and for the order of what has none. ``variables``
    are the types of what ``%name`` stands for, as far as they are known."""
    _kinds(tree, kinds, variables)


def _kinds(tree: Tree, this: Kinds, known: Mapping[str, str]) -> Kinds:
    match tree:
        case Path(start, steps):
            return _path(start, steps, this, known)
        case Special(name):
            return this if name == "this" else None
        case External(name):
            return frozenset((known[name],)) if name in known else None
        case TypeTest(operator, operand, specifier):
            _kinds(operand, this, known)
            return _cast(specifier) if operator == "as" else None
        case Operation(operator, operands):
            found = [_kinds(each, this, known) for each in operands]
            return _either(found) if operator == "|" else None
        case Sign(_, operand):
            _kinds(operand, this, known)
    return None


def _path(start: Tree | None, steps: tuple[Step, ...], this: Kinds, known: Mapping[str, str]) -> Kinds:
    current = this if start is None else _kinds(start, this, known)
    unordered = False
    for place, step in enumerate(steps):
        if unordered and (isinstance(step, Index) or (isinstance(step, Call) and step.name in _ORDERED)):
            raise FhirPathError("the order of these items is not defined")
        match step:
            case Member(name, position):
                current = _member(name, position, current, first=start is None and place == 0)
            case Call():
                unordered = (unordered and step.name in _SAME) or step.name in _UNORDERED
                current = _call(step, current, this, known)
    return current


def _member(name: str, position: int, current: Kinds, *, first: bool) -> Kinds:
    if current is None:
        return None
    if first and name[:1].isupper():
        own = frozenset(kind for kind in current if is_a(kind, name))
        if own:
            return own
    ways = [way(kind, name) for kind in current]
    if all(each.unknown or each.typed for each in ways):
        raise FhirPathError(f"no element {name} there", position)
    found = frozenset(form.type for each in ways for form in each.forms)
    return None if found & {"", "?"} else found


def _call(step: Call, current: Kinds, this: Kinds, known: Mapping[str, str]) -> Kinds:
    if step.name in ("as", "ofType", "is"):
        argument = step.arguments[0] if step.arguments else None
        if step.name == "is" or not isinstance(argument, Path):
            return None
        return _cast(".".join(each.name for each in argument.steps if isinstance(each, Member)))
    inner = current if step.name in _LAMBDA else this
    if step.name in ("aggregate", "repeat") or (step.name == "trace" and len(step.arguments) == 1):
        inner = None
    found = [_kinds(each, inner, known) for each in step.arguments]
    if step.name in _SAME:
        return current
    if step.name == "select":
        return _either(found)
    if step.name in ("union", "combine"):
        return _either([current, *found])
    return _either(found[1:]) if step.name == "iif" else None


def _cast(specifier: str) -> Kinds:
    return frozenset((specifier.removeprefix("FHIR."),)) if known_type(specifier) and not specifier.startswith("System.") else None


def _either(found: list[Kinds]) -> Kinds:
    joined: frozenset[str] = frozenset()
    for each in found:
        if each is None:
            return None
        joined |= each
    return joined
