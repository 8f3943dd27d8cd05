"""What FHIRPath may ask while a resource is validated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from interop.fhir import fhirpath
from interop.fhir.fhirpath import Environment, Item
from interop.fhir.shapes import Json
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.run import Run, TooCostly, keeps

Answer = TypeVar("Answer")


def evaluated(run: Run, ask: Callable[[Environment], Answer], extension: Json | None = None) -> Answer:
    """What ``ask`` gives with the environment of a run: %resource, %rootResource, resolve(), memberOf(), conformsTo(), and
    %extension where one is given. All evaluations of a validation have one budget.

    Raises FhirPathError where the evaluation fails, TooCostly when the budget is spent.
    """
    if run.environment is None:
        run.environment = _made(run)
    surroundings = run.environment
    if extension is not None:
        surroundings = replace(surroundings, variables={"extension": Item(extension, "Extension")})
    budget, before = run.budget, surroundings.spent
    surroundings.budget = max(budget.evaluation, 0)
    try:
        return ask(surroundings)
    except fhirpath.TooCostly:
        raise TooCostly from None
    finally:
        budget.evaluation -= surroundings.spent - before


def _made(run: Run) -> Environment:
    def resolve(reference: str) -> Json | None:
        found = run.resolve(reference)
        return found[0] if found else None

    def member_of(value_set: str, item: Item) -> bool | None:
        return run.judge.member(value_set, Occurrence(item.value, item.shadow, item.type, ""))

    def conforms_to(item: Item, url: str) -> bool | None:
        if not run.judge.type_of(url):
            return None
        return keeps(Occurrence(item.value, item.shadow, item.type, ""), url, run)[0]

    return Environment(resource=run.resource, root_resource=run.root, resolve=resolve, member_of=member_of, conforms_to=conforms_to)
