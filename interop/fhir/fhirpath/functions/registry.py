"""Where functions are found by name, and what they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.item import EMPTY, Collection, one
from interop.fhir.fhirpath.tree import Tree

Run = Callable[[Collection, State], Collection]
"""An expression over ``$this``."""
Truth = Callable[[Collection, State], bool | None]
"""A boolean expression over ``$this``."""
StepRun = Callable[[Collection, Collection, State], Collection]
"""A step from its input, with the ``$this`` that its arguments see."""
StepTruth = Callable[[Collection, Collection, State], bool | None]
"""A step that yields a boolean."""


class Compiling(Protocol):
    """What a function may ask for its arguments."""

    def run(self, tree: Tree) -> Run:
        """The collection that an expression yields."""

    def truth(self, tree: Tree) -> Truth:
        """An expression as a boolean, by singleton evaluation."""

    def type_of(self, tree: Tree) -> str:
        """The type that an argument names."""

    def counts(self, tree: Tree) -> bool:
        """Whether an expression asks for ``$index``."""

    def weight(self, tree: Tree) -> int:
        """How many steps one evaluation costs."""


Make = Callable[[Compiling, tuple[Tree, ...]], StepRun]
MakeTruth = Callable[[Compiling, tuple[Tree, ...]], StepTruth]


class Function(NamedTuple):
    """A function: how many arguments it takes, and what makes its step."""

    least: int
    most: int
    make: Make | None
    test: MakeTruth | None


FUNCTIONS: dict[str, Function] = {}


def function(name: str, least: int = 0, most: int | None = None) -> Callable[[Make], Make]:
    """Register what makes a step that yields a collection."""

    def register(make: Make) -> Make:
        FUNCTIONS[name] = Function(least, least if most is None else most, make, None)
        return make

    return register


def predicate(name: str, least: int = 0, most: int | None = None) -> Callable[[MakeTruth], MakeTruth]:
    """Register what makes a step that yields a boolean."""

    def register(make: MakeTruth) -> MakeTruth:
        FUNCTIONS[name] = Function(least, least if most is None else most, None, make)
        return make

    return register


def simple(name: str, least: int = 0, most: int | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register ``f(items, state, *arguments)``: the arguments are collections, the result a system value or None for empty."""

    def register(compute: Callable[..., Any]) -> Callable[..., Any]:
        def make(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
            arguments = [compiler.run(tree) for tree in trees]

            def run(items: Collection, this: Collection, state: State) -> Collection:
                said = compute(items, state, *[argument(this, state) for argument in arguments])
                return EMPTY if said is None else one(said)

            return run

        FUNCTIONS[name] = Function(least, least if most is None else most, make, None)
        return compute

    return register
