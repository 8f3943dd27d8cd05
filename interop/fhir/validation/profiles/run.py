"""A run over one resource: where it stands, what it may resolve and ask, and what it has spent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from interop.fhir.definitions import Unusable
from interop.fhir.fhirpath import Environment
from interop.fhir.findings import ERROR, WARNING, Finding, Findings
from interop.fhir.shapes import Json
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.resolving import Entries
from interop.fhir.validation.work import Work

Found = Findings | None
Rule = Callable[[Occurrence, "Run"], Found]
STEPS = 300_000
"""How many steps one validation may take beside those that its size gives it, before it is given up as too costly."""
EVALUATION = 1_000_000
"""As many steps of FHIRPath."""
EARNED = 50
"""Steps that each object of the resource gives: work may grow with the resource, not faster."""
EARNED_EVALUATION = 500
"""As many steps of FHIRPath."""
EARNED_WORK = 2
"""As much of the work of the checks of single resource types."""


class TooCostly(Exception):
    """The validation would take more than it may."""


class Judge(Protocol):
    """What rules need of the validator."""

    def conforms(self, one: Occurrence, url: str, run: Run) -> Found:
        """Findings of a value against a profile; raises ``interop.fhir.definitions.Unusable`` where there is no such profile."""

    def bound(self, binding: Json, one: Occurrence) -> Found:
        """Findings of a coded value against a binding."""

    def member(self, value_set: str, one: Occurrence) -> bool | None:
        """Whether a coded value is in a value set; None where that cannot be told."""

    def type_of(self, url: str) -> str:
        """The resource type or datatype that a profile is of; '' where it is not known."""

    def beyond(self, reference: str) -> Json | None:
        """A resource from outside, by the resolver that the caller gave."""


class Budget:
    """Steps left and what is known so far, shared by all runs of one validation.

    ``bound`` are the values (by identity) that a profile's own binding has judged.
    """

    __slots__ = ("_contained", "_entries", "active", "bound", "evaluation", "left", "memo", "outside", "work")

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps
        self.evaluation = EVALUATION
        self.active: set[tuple[int, str]] = set()
        self.memo: dict[tuple[int, str], Found] = {}
        self.outside: dict[str, Json | None] = {}
        self.bound: set[int] = set()
        self.work = Work()
        self._entries: dict[int, Entries] = {}
        self._contained: dict[int, dict[str, Json]] = {}

    def entries(self, bundle: Json) -> Entries:
        """The entries of a Bundle, indexed once."""
        if id(bundle) not in self._entries:
            self._entries[id(bundle)] = Entries(bundle)
        return self._entries[id(bundle)]

    def contained(self, root: Json) -> dict[str, Json]:
        """The contained resources by id, indexed once."""
        if id(root) not in self._contained:
            inner = root.get("contained")
            known = [each for each in inner if isinstance(each, dict)] if isinstance(inner, list) else []
            self._contained[id(root)] = {str(each.get("id")): each for each in reversed(known)}
        return self._contained[id(root)]

    def earn(self) -> None:
        """One more object of the resource."""
        self.left += EARNED
        self.evaluation += EARNED_EVALUATION
        self.work.left += EARNED_WORK

    def spend(self, steps: int = 1) -> None:
        """Raises TooCostly when nothing is left."""
        self.left -= steps
        if self.left < 0:
            raise TooCostly


class Run:
    """One resource under validation: ``root`` is the resource that contains it (or itself), ``bundle`` the Bundle about it."""

    __slots__ = ("budget", "bundle", "environment", "judge", "resource", "root")

    def __init__(self, judge: Judge, budget: Budget, resource: Json, root: Json | None = None, bundle: Json | None = None) -> None:
        self.judge = judge
        self.budget = budget
        self.resource = resource
        self.root = resource if root is None else root
        self.bundle = bundle
        self.environment: Environment | None = None

    def inside(self, resource: Json, name: str) -> Run:
        """The run of a resource that stands in this one, under the element ``name``."""
        if name == "contained":
            return Run(self.judge, self.budget, resource, self.root, self.bundle)
        if self.resource.get("resourceType") == "Bundle":
            return Run(self.judge, self.budget, resource, None, self.resource)
        return Run(self.judge, self.budget, resource)

    def resolve(self, reference: str) -> tuple[Json, Run] | None:
        """The resource that a literal reference leads to, with its own run; None where it is not at hand."""
        self.budget.spend()
        if reference == "#":
            return self.root, Run(self.judge, self.budget, self.root, None, self.bundle)
        if reference.startswith("#"):
            within = self.budget.contained(self.root).get(reference[1:])
            return (within, self.inside(within, "contained")) if within is not None else None
        bundle = self.root if self.root.get("resourceType") == "Bundle" else self.bundle
        if bundle is not None and (found := self.budget.entries(bundle).find(reference, self.root)) is not None:
            return found, Run(self.judge, self.budget, found, None, bundle)
        outside = self.budget.outside.get(reference)
        if outside is None and reference not in self.budget.outside:
            outside = self.budget.outside[reference] = self.judge.beyond(reference)
        return (outside, Run(self.judge, self.budget, outside)) if isinstance(outside, dict) else None


def run_of(one: Occurrence, run: Run) -> Run:
    """The run of what is inside an occurrence: its own where it is a resource inside another."""
    if isinstance(one.value, dict) and "resourceType" in one.value and one.value is not run.resource:
        return run.inside(one.value, one.step.partition("[")[0])
    return run


def worse(found: Found) -> bool:
    """Whether there is an error among findings."""
    return bool(found) and any(each.severity == ERROR for each in found or ())


def keeps(one: Occurrence, url: str, run: Run) -> tuple[bool | None, Found]:
    """Whether a value keeps to a profile, None where the profile cannot be used, and the findings."""
    try:
        found = run.judge.conforms(one, url, run)
    except Unusable:
        return None, None
    return not worse(found), found


def unchecked(message: str, rule: str, expression: str = "") -> Findings:
    """What could not be judged: never passed silently, never an error."""
    return [Finding("information", expression, "not-supported", f"not checked: {message}", rule)]


def warning(message: str, rule: str, code: str = "business-rule", expression: str = "") -> Findings:
    """One warning."""
    return [Finding(WARNING, expression, code, message, rule)]
