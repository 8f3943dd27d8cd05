"""A run over one resource: where it stands, what it may resolve and ask, and what it has spent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from interop.fhir.fhirpath import Environment
from interop.fhir.findings import ERROR, WARNING, Finding, Findings
from interop.fhir.validation.profiles.occurrence import Occurrence

Json = dict[str, Any]
Found = Findings | None
Rule = Callable[[Occurrence, "Run"], Found]
STEPS = 500_000
"""How many rules one validation may ask before it is given up as too costly."""


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
    """Steps left, shared by all runs of one validation."""

    __slots__ = ("active", "left", "memo")

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps
        self.active: set[tuple[int, str]] = set()
        self.memo: dict[tuple[int, str], Found] = {}

    def spend(self, steps: int = 1) -> None:
        """Raises TooCostly when nothing is left."""
        self.left -= steps
        if self.left < 0:
            raise TooCostly


class Run:
    """One resource under validation.

    ``resource`` is it, ``root`` the resource that contains it (or itself), ``bundle`` the Bundle about it with ``full_url``
    as the identity of its entry.
    """

    __slots__ = ("budget", "bundle", "environment", "full_url", "judge", "resource", "root")

    def __init__(
        self, judge: Judge, budget: Budget, resource: Json, root: Json | None = None, bundle: Json | None = None, full_url: str = ""
    ) -> None:
        self.judge = judge
        self.budget = budget
        self.resource = resource
        self.root = resource if root is None else root
        self.bundle = bundle
        self.full_url = full_url
        self.environment: Environment | None = None

    def resolve(self, reference: str) -> tuple[Json, Run] | None:
        """The resource that a literal reference leads to, with its own run; None where it is not at hand."""
        self.budget.spend()
        if reference.startswith("#"):
            if reference == "#":
                return self.root, Run(self.judge, self.budget, self.root, None, self.bundle, self.full_url)
            inner = self.root.get("contained")
            for each in inner if isinstance(inner, list) else ():
                if isinstance(each, dict) and each.get("id") == reference[1:]:
                    return each, Run(self.judge, self.budget, each, self.root, self.bundle, self.full_url)
            return None
        found = in_bundle(self.bundle, reference, self.full_url) if self.bundle is not None else None
        if found is None and self.root.get("resourceType") == "Bundle":
            found = in_bundle(self.root, reference, "")
        if found is not None:
            entry, full_url = found
            return entry, Run(self.judge, self.budget, entry, None, self.bundle if self.bundle is not None else self.root, full_url)
        outside = self.judge.beyond(reference)
        return (outside, Run(self.judge, self.budget, outside)) if isinstance(outside, dict) else None


def in_bundle(bundle: Json, reference: str, from_url: str) -> tuple[Json, str] | None:
    """The entry that a reference leads to, with its fullUrl (FHIR R4, Bundle, resolving references in bundles)."""
    entries = bundle.get("entry")
    plain = reference.partition("/_history/")[0]
    relative = "://" not in plain and not plain.startswith("urn:")
    wanted = plain
    if relative and "://" in from_url:
        wanted = "/".join([*from_url.split("/")[:-2], plain])
    fallback: tuple[Json, str] | None = None
    for each in entries if isinstance(entries, list) else ():
        inner = each.get("resource") if isinstance(each, dict) else None
        if not isinstance(inner, dict):
            continue
        url = str(each.get("fullUrl", ""))
        if url and url == wanted:
            return inner, url
        if relative and fallback is None and plain == f"{inner.get('resourceType')}/{inner.get('id')}":
            fallback = (inner, url)
    return fallback


def worse(found: Found) -> bool:
    """Whether there is an error among findings."""
    return bool(found) and any(each.severity == ERROR for each in found or ())


def unchecked(message: str, rule: str, expression: str = "") -> Findings:
    """What could not be judged: never passed silently, never an error."""
    return [Finding("information", expression, "not-supported", f"not checked: {message}", rule)]


def warning(message: str, rule: str, code: str = "business-rule", expression: str = "") -> Findings:
    """One warning."""
    return [Finding(WARNING, expression, code, message, rule)]
