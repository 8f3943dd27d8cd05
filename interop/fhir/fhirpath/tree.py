"""The tree of an expression: chains and runs of one operator are flat, so that depth is nesting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Member:
    """Go to the child of that name."""

    name: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A function with the trees of its arguments."""

    name: str
    arguments: tuple[Tree, ...]
    position: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """Keep the one at that place, from 0."""

    place: Tree


Step = Member | Call | Index


@dataclass(frozen=True, slots=True)
class Path:
    """``start`` (None: what the expression is evaluated over) and the steps from there."""

    start: Tree | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A system value; None for the empty collection."""

    value: Any


@dataclass(frozen=True, slots=True)
class Special:
    """``$this``, ``$index`` or ``$total``, without its sign."""

    name: str


@dataclass(frozen=True, slots=True)
class External:
    """``%name``, without its sign."""

    name: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Sign:
    """Minus (or plus) before a number."""

    minus: bool
    operand: Tree


@dataclass(frozen=True, slots=True)
class Operation:
    """Operands joined by one operator, from the left."""

    operator: str
    operands: tuple[Tree, ...]
    position: int = 0


@dataclass(frozen=True, slots=True)
class TypeTest:
    """``operand is type`` or ``operand as type``; the type with its namespace if one is said."""

    operator: str
    operand: Tree
    type: str
    position: int = 0


Tree = Path | Literal | Special | External | Sign | Operation | TypeTest


def parts(tree: Tree | Step) -> tuple[Tree | Step, ...]:
    """What a tree is made of, one level down."""
    match tree:
        case Path(start, steps):
            return steps if start is None else (start, *steps)
        case Call(_, arguments):
            return arguments
        case Index(place):
            return (place,)
        case Sign(_, operand) | TypeTest(_, operand):
            return (operand,)
        case Operation(_, operands):
            return operands
        case _:
            return ()
