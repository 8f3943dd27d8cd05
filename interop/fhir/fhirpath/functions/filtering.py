"""Filtering, projection and aggregates (N1 2.0.0, sections 5.2 and 7)."""

from __future__ import annotations

from functools import cmp_to_key

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.equality import Seen, order
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.functions.registry import Compiling, Run, StepRun, function
from interop.fhir.fhirpath.item import EMPTY, Collection, Item
from interop.fhir.fhirpath.navigation import children, descendants
from interop.fhir.fhirpath.tree import Sign, Tree
from interop.fhir.fhirpath.values import single, truth_of


@function("where", 1)
def _where(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    test, weight, counts = compiler.truth(trees[0]), compiler.weight(trees[0]), compiler.counts(trees[0])

    def run(items: Collection, this: Collection, state: State) -> Collection:
        if not items:
            return items
        if len(items) > 1:
            state.pay(len(items) * weight)
        if not counts:
            return [item for item in items if test([item], state)]
        outer = state.index
        found = []
        for state.index, item in enumerate(items):
            if test([item], state):
                found.append(item)
        state.index = outer
        return found

    return run


@function("select", 1)
def _select(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    project, weight, counts = compiler.run(trees[0]), compiler.weight(trees[0]), compiler.counts(trees[0])

    def run(items: Collection, this: Collection, state: State) -> Collection:
        outer = state.index
        found: Collection = []
        for place, item in enumerate(items):
            if counts:
                state.index = place
            inner = project([item], state)
            state.pay(weight + len(inner))
            found.extend(inner)
        state.index = outer
        return found

    return run


@function("repeat", 1)
def _repeat(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    project, weight = compiler.run(trees[0]), compiler.weight(trees[0])

    def run(items: Collection, this: Collection, state: State) -> Collection:
        found: Collection = []
        nodes: set[int] = set()
        seen = Seen(state)
        level = items
        while level:
            new: Collection = []
            for item in level:
                inner = project([item], state)
                state.pay(4 * weight + 2 * len(inner))
                for each in inner:
                    if isinstance(each.value, dict) and not each.type.startswith("System."):
                        known = id(each.value) in nodes
                        nodes.add(id(each.value))
                    else:
                        known = not seen.add(each)
                    if not known:
                        new.append(each)
            found.extend(new)
            level = new
        return found

    return run


@function("repeatAll", 1)
def _repeat_all(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    project, weight = compiler.run(trees[0]), compiler.weight(trees[0])

    def run(items: Collection, this: Collection, state: State) -> Collection:
        found: Collection = []
        level = items
        while level:
            new: Collection = []
            for item in level:
                new.extend(project([item], state))
            state.pay(weight * len(level) + len(new))
            found.extend(new)
            level = new
        return found

    return run


@function("children")
def _children(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    return lambda items, this, state: [child for item in items for child in children(item, state)]


@function("descendants")
def _descendants(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    return lambda items, this, state: descendants(items, state)


@function("iif", 2, 3)
def _iif(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    condition = compiler.run(trees[0])
    yes = compiler.run(trees[1])
    no: Run = compiler.run(trees[2]) if len(trees) > 2 else lambda this, state: EMPTY

    def run(items: Collection, this: Collection, state: State) -> Collection:
        single(items, "iif")
        said = condition(items, state)
        if state.environment.strict and len(said) == 1 and not isinstance(said[0].value, bool):
            raise FhirPathError("the condition of iif is no boolean")
        return yes(items, state) if truth_of(said) else no(items, state)

    return run


@function("aggregate", 1, 2)
def _aggregate(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    compute, weight = compiler.run(trees[0]), compiler.weight(trees[0])
    start = compiler.run(trees[1]) if len(trees) > 1 else None

    def run(items: Collection, this: Collection, state: State) -> Collection:
        total, index = state.total, state.index
        begin = start(this, state) if start else EMPTY
        state.total = begin
        for place, item in enumerate(items):
            state.index = place
            state.total = compute([item], state)
            state.pay(weight + len(state.total))
        found = state.total
        state.total, state.index = total, index
        return found

    return run


@function("sort", 0, 20)
def _sort(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    keys = [(compiler.run(tree.operand), tree.minus) if isinstance(tree, Sign) else (compiler.run(tree), False) for tree in trees]
    weight = sum(compiler.weight(tree) for tree in trees)

    def run(items: Collection, this: Collection, state: State) -> Collection:
        state.pay(len(items) * (weight + 20))
        rows = [(item, [(single(key([item], state), "sort"), down) for key, down in keys] or [(item, False)]) for item in items]
        return [item for item, _ in sorted(rows, key=cmp_to_key(_before))]

    return run


Row = tuple[Item, list[tuple[Item | None, bool]]]


def _before(one: Row, other: Row) -> int:
    for (here, down), (there, _) in zip(one[1], other[1], strict=True):
        if here is None or there is None:
            # What has no key comes first, in either direction.
            if (here is None) != (there is None):
                return -1 if here is None else 1
            continue
        found = order(here, there) or 0
        if found:
            return -found if down else found
    return 0
