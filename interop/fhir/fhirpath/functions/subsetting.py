"""Subsetting and combining (N1 2.0.0, sections 5.3 and 5.4)."""

from __future__ import annotations

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.equality import Seen, distinct
from interop.fhir.fhirpath.functions.registry import Compiling, StepRun, function
from interop.fhir.fhirpath.item import Collection
from interop.fhir.fhirpath.tree import Tree
from interop.fhir.fhirpath.values import integer_of, single


@function("single")
def _single(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    def run(items: Collection, this: Collection, state: State) -> Collection:
        single(items, "single()")
        return items

    return run


@function("first")
def _first(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    return lambda items, this, state: items[:1]


@function("last")
def _last(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    return lambda items, this, state: items[-1:]


@function("tail")
def _tail(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    return lambda items, this, state: items[1:]


@function("skip", 1)
def _skip(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    count = compiler.run(trees[0])
    return lambda items, this, state: items[max(0, integer_of(count(this, state), "skip") or 0) :]


@function("take", 1)
def _take(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    count = compiler.run(trees[0])
    return lambda items, this, state: items[: max(0, integer_of(count(this, state), "take") or 0)]


@function("intersect", 1)
def _intersect(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    other = compiler.run(trees[0])

    def run(items: Collection, this: Collection, state: State) -> Collection:
        others = other(this, state)
        if not items or not others:
            return []
        state.pay(len(items) + len(others))
        seen = Seen(state, others)
        return distinct([item for item in items if item in seen], state)

    return run


@function("exclude", 1)
def _exclude(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    other = compiler.run(trees[0])

    def run(items: Collection, this: Collection, state: State) -> Collection:
        others = other(this, state)
        state.pay(len(items) + len(others))
        seen = Seen(state, others)
        return [item for item in items if item not in seen]

    return run


@function("union", 1)
def _union(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    other = compiler.run(trees[0])
    return lambda items, this, state: distinct(items + other(this, state), state)


@function("combine", 1)
def _combine(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    other = compiler.run(trees[0])

    def run(items: Collection, this: Collection, state: State) -> Collection:
        found = items + other(this, state)
        state.pay(len(found))
        return found

    return run
