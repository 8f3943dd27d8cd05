"""What an expression of the tables yields, as far as its text tells: a condition is true or false, a time is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from interop.fhir import facts
from interop.fhir.fhirpath.functions import FUNCTIONS
from interop.fhir.fhirpath.tree import Call, External, Literal, Operation, Path, Tree, TypeTest
from interop.rules.coded import leads

TIMES: Final = frozenset(("date", "dateTime", "instant"))
NUMBER: Final = "number"
NUMBERS: Final = frozenset(
    (NUMBER, "integer", "decimal", "positiveInt", "unsignedInt", "Quantity", "SimpleQuantity", "Age", "Duration")
)
_TRUTH: Final = frozenset(("and", "or", "xor", "implies", "=", "!=", "~", "!~", "<", "<=", ">", ">=", "in", "contains"))
_COMPARES: Final = frozenset(("=", "!=", "~", "!~", "<", "<=", ">", ">="))
_CASTS: Final = ("ofType", "as")
BOOLEAN: Final = "boolean"
Types = frozenset[str] | None


def yields(tree: Tree, at: str, variables: Mapping[str, str]) -> Types:
    """The types of what it yields over nodes of ``at``; None where the text does not tell."""
    match tree:
        case Literal(value):
            return frozenset((_literal(value),))
        case Operation("|", operands):
            return _all([yields(each, at, variables) for each in operands])
        case Operation(operator):
            return frozenset((BOOLEAN,)) if operator in _TRUTH else None
        case TypeTest(operator, _, type):
            return frozenset((BOOLEAN,)) if operator == "is" else frozenset((type,))
        case Path(start, steps) if start is not None and not steps and not isinstance(start, External):
            return yields(start, at, variables)
        case Path(_, steps):
            last = steps[-1] if steps else None
            if isinstance(last, Call) and last.name == "iif":
                return _all([yields(each, at, variables) for each in last.arguments[1:]])
            if isinstance(last, Call) and last.name in _CASTS and last.arguments:
                named = last.arguments[0]
                return frozenset((named.steps[-1].name,)) if isinstance(named, Path) and hasattr(named.steps[-1], "name") else None
            known = FUNCTIONS.get(last.name) if isinstance(last, Call) else None
            if known is not None and known.test is not None:
                return frozenset((BOOLEAN,))
            element = facts.element(path) if "." in (path := leads(tree, at, variables)) else None
            return frozenset(element.types) if element is not None else None
    return None


def untrue(tree: Tree, at: str, variables: Mapping[str, str]) -> str:
    """Why it is no condition, in words; '' where it is one: what is there at all would be taken for true."""
    found = yields(tree, at, variables)
    if found == frozenset((BOOLEAN,)):
        return ""
    return f"it yields {_said(found)}, and is to be true or false: compare it, or ask whether it exists()"


def timeless(tree: Tree, at: str, variables: Mapping[str, str]) -> str:
    """Why it is no time, in words; '' where it may be one."""
    found = yields(tree, at, variables)
    return "" if found is None or found <= TIMES else f"it yields {_said(found)}, and is to be a date or a time"


def compared(tree: Tree, at: str, variables: Mapping[str, str]) -> Iterator[str]:
    """Of each comparison, of those within functions alone not, why its operands have nothing to do with each other, in words."""
    if isinstance(tree, Path) and tree.start is not None and not tree.steps:
        yield from compared(tree.start, at, variables)
    if not isinstance(tree, Operation):
        return
    if tree.operator in _COMPARES:
        types = [yields(each, at, variables) for each in tree.operands]
        for said, known in ((types[0], types[-1]), (types[-1], types[0])):
            if said == frozenset((NUMBER,)) and known and known.isdisjoint(NUMBERS):
                yield f"a number is compared with {_said(known)}"
            if said == frozenset((BOOLEAN,)) and known and BOOLEAN not in known:
                yield f"true or false is compared with {_said(known)}"
    for each in tree.operands:
        yield from compared(each, at, variables)


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | Decimal):
        return NUMBER
    return "string" if isinstance(value, str) else type(value).__name__


def _all(several: list[Types]) -> Types:
    known = [each for each in several if each is not None]
    return frozenset().union(*known) if len(known) == len(several) else None


def _said(types: Types) -> str:
    return " or ".join(sorted(types)) if types else "what the text does not tell"
