"""Existence (N1 2.0.0, section 5.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.equality import Seen, distinct
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.functions.registry import Compiling, StepRun, StepTruth, function, predicate, simple
from interop.fhir.fhirpath.item import Collection
from interop.fhir.fhirpath.tree import Tree
from interop.fhir.fhirpath.values import truth_of


@predicate("empty")
def _empty(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepTruth:
    return lambda items, this, state: not items


@predicate("exists", 0, 1)
def _exists(compiler: Compiling, trees: tuple[Tree, ...]) -> StepTruth:
    return _of_each(any, compiler, trees[0]) if trees else lambda items, this, state: bool(items)


@predicate("all", 1)
def _all(compiler: Compiling, trees: tuple[Tree, ...]) -> StepTruth:
    return _of_each(all, compiler, trees[0])


def _of_each(together: Callable[[Iterable[bool | None]], bool], compiler: Compiling, tree: Tree) -> StepTruth:
    """What ``any`` or ``all`` says of a criterion over the items."""
    test, weight, counts = compiler.truth(tree), compiler.weight(tree), compiler.counts(tree)

    def counted(items: Collection, state: State) -> Iterator[bool | None]:
        for state.index, item in enumerate(items):
            yield test([item], state)

    def run(items: Collection, this: Collection, state: State) -> bool | None:
        if len(items) > 1:
            state.pay(len(items) * weight)
        if not counts:
            return together(test([item], state) for item in items)
        outer = state.index
        said = together(counted(items, state))
        state.index = outer
        return said

    return run


@predicate("not")
def _not(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepTruth:
    def run(items: Collection, this: Collection, state: State) -> bool | None:
        said = truth_of(items)
        return None if said is None else not said

    return run


def _booleans(items: Collection) -> list[bool]:
    values = [item.value for item in items]
    if not all(isinstance(value, bool) for value in values):
        raise FhirPathError("a collection of booleans is asked for")
    return values


@simple("allTrue")
def _all_true(items: Collection, _state: State) -> bool:
    return all(_booleans(items))


@simple("anyTrue")
def _any_true(items: Collection, _state: State) -> bool:
    return any(_booleans(items))


@simple("allFalse")
def _all_false(items: Collection, _state: State) -> bool:
    return not any(_booleans(items))


@simple("anyFalse")
def _any_false(items: Collection, _state: State) -> bool:
    return not all(_booleans(items))


def _within(items: Collection, others: Collection, state: State) -> bool:
    state.pay(len(items) + len(others))
    seen = Seen(state, others)
    return all(item in seen for item in items)


@simple("subsetOf", 1)
def _subset(items: Collection, state: State, others: Collection) -> bool:
    return _within(items, others, state)


@simple("supersetOf", 1)
def _superset(items: Collection, state: State, others: Collection) -> bool:
    return _within(others, items, state)


@simple("count")
def _count(items: Collection, _state: State) -> int:
    return len(items)


@function("distinct")
def _distinct(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    return lambda items, this, state: distinct(items, state)


@predicate("isDistinct")
def _is_distinct(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepTruth:
    return lambda items, this, state: len(distinct(items, state)) == len(items)
