"""Types (N1 2.0.0, sections 6.3 and 10)."""

from __future__ import annotations

from collections.abc import Callable

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.functions.registry import Compiling, StepRun, StepTruth, function, predicate
from interop.fhir.fhirpath.item import Collection, Item
from interop.fhir.fhirpath.tree import Tree
from interop.fhir.fhirpath.types import casts, is_a, known, shown
from interop.fhir.fhirpath.values import single


def cast(specifier: str, position: int | None = None, *, filters: bool) -> StepRun:
    """``as`` or, where it ``filters``, ``ofType``; raises FhirPathError for a type that nobody knows."""
    if not known(specifier):
        raise FhirPathError(f"{specifier} is no type of FHIR or of FHIRPath", position)

    def run(items: Collection, this: Collection, state: State) -> Collection:
        if len(items) > 1 and not filters and state.environment.strict:
            raise FhirPathError("as takes a single item")
        return [item for item in items if casts(item[1], specifier)]

    return run


def check(specifier: str, judge: Callable[[str, str], bool] = is_a) -> StepTruth:
    """``is``, as ``judge`` understands the names of types."""

    def run(items: Collection, this: Collection, state: State) -> bool | None:
        item = single(items, "is")
        return None if item is None else judge(item.type, specifier)

    return run


@function("ofType", 1)
def _of_type(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    return cast(compiler.type_of(trees[0]), filters=True)


@function("as", 1)
def _as(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    return cast(compiler.type_of(trees[0]), filters=False)


@predicate("is", 1)
def _is(compiler: Compiling, trees: tuple[Tree, ...]) -> StepTruth:
    return check(compiler.type_of(trees[0]))


@function("type")
def _type(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    def run(items: Collection, this: Collection, state: State) -> Collection:
        return [Item(dict(zip(("namespace", "name"), shown(item.type), strict=True)), "ClassInfo") for item in items]

    return run
