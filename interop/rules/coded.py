"""Codes in the FHIRPath of the tables: what is compared with an element of a required value set is of that set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from interop.fhir import facts
from interop.fhir.fhirpath.tree import Call, External, Index, Literal, Member, Operation, Path, Sign, Special, Step, Tree, TypeTest

_COMPARES: Final = frozenset(("=", "!=", "~", "!~", "in"))
_WITHIN: Final = frozenset(("where", "all", "exists", "select"))
"""Functions whose arguments see the items as their own root."""
_OF_TEXT: Final = {"startsWith": str.startswith, "endsWith": str.endswith, "contains": str.__contains__}
"""Functions of the text of a code, and when they hold of one."""
_SAME: Final = frozenset(("where", "first", "last", "tail", "single", "distinct"))


def strange(tree: Tree, type: str, variables: Mapping[str, str]) -> str:
    """The first code that is in no value set of what it is compared with, in words; '' where there is none. ``type`` is that of
    the root, ``variables`` are the types of ``%name``."""
    return next(_found(tree, type, variables), "")


def unmet(type: str, criteria: str) -> str:
    """The first code of search criteria that no resource of the type can have, in words; '' where there is none."""
    for name, _, value in (part.partition("=") for part in criteria.split("&")):
        parameter = facts.search_parameters(type).get(name)
        path = parameter.expression if parameter is not None else ""
        for each in value.split(",") if path else ():
            code = each.rpartition("|")[2]
            known = _codes(path)
            if code and known is not None and code not in known:
                return f"{code} is no code of {path}: {', '.join(sorted(known))}"
    return ""


def leads(tree: Path, at: str, variables: Mapping[str, str]) -> str:
    """The path of the element of R4 that it leads to from a node of ``at``, '' where it is none that the text tells."""
    here = _start(tree.start, at, variables)
    for step in tree.steps:
        here = _gone(step, here)
    return here


def _codes(path: str) -> frozenset[str] | None:
    element = facts.element(path) if "." in path else None
    return facts.codes(element.binding) if element is not None and element.binding else None


def _found(tree: Tree, at: str, variables: Mapping[str, str]) -> Iterator[str]:
    match tree:
        case Operation(operator, operands):
            if operator in _COMPARES:
                yield from _compared(operands, at, variables)
            for each in operands:
                yield from _found(each, at, variables)
        case Sign(_, operand) | TypeTest(_, operand):
            yield from _found(operand, at, variables)
        case Path(start, steps):
            if start is not None:
                yield from _found(start, at, variables)
            here = _start(start, at, variables)
            for step in steps:
                if isinstance(step, Call):
                    for argument in step.arguments:
                        yield from _found(argument, here if step.name in _WITHIN else at, variables)
                    yield from _of_text(step, here)
                here = _gone(step, here)


def _start(start: Tree | None, at: str, variables: Mapping[str, str]) -> str:
    if start is None:
        return at
    return variables.get(start.name, "") if isinstance(start, External) else ""


def _gone(step: Step, here: str) -> str:
    """The path of an element of R4 after a step, '' where it is none that the text tells."""
    match step:
        case Member(name):
            path = f"{here}.{name}"
            return path if here and facts.element(path) is not None else ""
        case Index():
            return here
    return here if step.name in _SAME else ""


def _of_text(call: Call, here: str) -> Iterator[str]:
    holds, known = _OF_TEXT.get(call.name), _codes(here)
    if holds is None or known is None:
        return
    for text in (text for argument in call.arguments for text in _literals(argument)):
        if not any(holds(code, text) for code in known):
            yield f"{call.name}({text!r}) holds of no code of {here}: {', '.join(sorted(known))}"


def _compared(operands: tuple[Tree, ...], at: str, variables: Mapping[str, str]) -> Iterator[str]:
    codes = [code for each in operands for code in _literals(each)]
    for each in operands:
        paths = _paths(each, at, variables)
        several = [_codes(path) for path in paths]
        known = frozenset().union(*(some for some in several if some is not None))
        for code in codes if several and None not in several else ():
            if code not in known:
                yield f"{code} is no code of {' or '.join(paths)}: {', '.join(sorted(known))}"


def _paths(tree: Tree, at: str, variables: Mapping[str, str]) -> list[str]:
    """The elements of R4 whose values an operand may have, '' for one that the text does not tell."""
    match tree:
        case Special("this"):
            return [at]
        case Operation("|", operands):
            return [path for each in operands if not isinstance(each, Literal) for path in _paths(each, at, variables)]
        case Path(Operation() as start, ()):
            return _paths(start, at, variables)
        case Path():
            return [leads(tree, at, variables)]
    return []


def _literals(tree: Tree) -> Iterator[str]:
    match tree:
        case Literal(str() as value):
            yield value
        case Operation("|", operands):
            for each in operands:
                yield from _literals(each)
        case Path(Operation() as start, ()):
            yield from _literals(start)
