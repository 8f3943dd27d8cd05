"""Utility (N1 2.0.0, section 5.9) and variables."""

from __future__ import annotations

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.functions.registry import Compiling, StepRun, function, simple
from interop.fhir.fhirpath.item import Collection
from interop.fhir.fhirpath.temporal import Temporal
from interop.fhir.fhirpath.tree import Tree
from interop.fhir.fhirpath.values import string_of


@function("trace", 1, 2)
def _trace(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    name = compiler.run(trees[0])
    project = compiler.run(trees[1]) if len(trees) > 1 else None

    def run(items: Collection, this: Collection, state: State) -> Collection:
        tell = state.environment.trace
        if tell is not None:
            seen = items if project is None else [each for item in items for each in project([item], state)]
            tell(string_of(name(this, state), "trace") or "", seen)
        return items

    return run


@simple("now")
def _now(_items: Collection, state: State) -> Temporal:
    return state.now


@simple("today")
def _today(_items: Collection, state: State) -> Temporal:
    return Temporal("date", state.now.fields[:3])


@simple("timeOfDay")
def _time_of_day(_items: Collection, state: State) -> Temporal:
    return Temporal("time", state.now.fields[3:], state.now.fraction)


@function("defineVariable", 1, 2)
def _define(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    name = compiler.run(trees[0])
    value = compiler.run(trees[1]) if len(trees) > 1 else None

    def run(items: Collection, this: Collection, state: State) -> Collection:
        said = string_of(name(this, state), "defineVariable")
        if said is None or said in state.defined or said in ("resource", "rootResource", "context", "ucum", "sct", "loinc"):
            raise FhirPathError("defineVariable: that name is taken")
        state.defined = {**state.defined, said: items if value is None else value(items, state)}
        state.pay(len(state.defined))
        return items

    return run
