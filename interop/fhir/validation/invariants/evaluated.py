"""Invariants by their FHIRPath; the evaluator is loaded when the first of them is needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from interop.fhir.findings import WARNING, Finding, Findings
from interop.fhir.validation.invariants.known import Invariant
from interop.fhir.validation.structure.run import Run

STEPS = 400_000
"""What one evaluation may take: some tenths of a second."""
SPENT = "and what follows: invariants are left unevaluated, for there are too many"

if TYPE_CHECKING:
    from interop.fhir.fhirpath import Environment, Item


def judge(invariant: Invariant, item: Item, environment: Environment) -> Finding | None:
    """None where the invariant holds. One that gives nothing does not hold, as HL7's own validator has it; one that cannot be
    evaluated is a warning that says so."""
    from interop.fhir.fhirpath import FhirPathError, TooCostly, compile

    try:
        held = compile(invariant.expression).truth(item, environment)
    except TooCostly:
        return Finding(WARNING, "", "too-costly", f"{invariant.key} could not be evaluated: it takes too many steps", invariant.key)
    except FhirPathError:
        return Finding(WARNING, "", "exception", f"{invariant.key} could not be evaluated", invariant.key)
    return None if held else broken(invariant)


def broken(invariant: Invariant) -> Finding:
    """The finding of an invariant that does not hold."""
    return Finding(invariant.severity, "", "invariant", f"{invariant.key}: {invariant.human}", invariant.key)


def by_expression(invariant: Invariant, datatype: str) -> Callable[[Any, Run], Findings | None]:
    """A check of values of ``datatype`` that evaluates the invariant's FHIRPath; each takes from what the run may spend."""

    def check(value: Any, run: Run) -> Findings | None:
        left = run.purse[0] = run.purse[0] - 1
        if left < 0:
            return [Finding(WARNING, "", "too-costly", SPENT)] if left == -1 else None
        item, environment = _evaluator()
        around = environment(resource=run.resource, root_resource=run.root, budget=STEPS)
        found = judge(invariant, item(value, datatype), around)
        return None if found is None else [found]

    return check


@cache
def _evaluator() -> tuple[type[Item], type[Environment]]:
    from interop.fhir.fhirpath import Environment, Item

    return Item, Environment
