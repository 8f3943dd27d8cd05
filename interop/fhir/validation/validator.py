"""The validator: base R4, profiles, extensions, bindings, and what spans resources, in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from interop.fhir import facts
from interop.fhir.definitions import Definitions, Unusable
from interop.fhir.findings import ERROR, INFORMATION, WARNING, Finding, Findings, at
from interop.fhir.shapes import Json
from interop.fhir.terminology import Terminology
from interop.fhir.validation import check
from interop.fhir.validation.bindings import Bindings
from interop.fhir.validation.extensions import Extensions
from interop.fhir.validation.order import gathered, ordered
from interop.fhir.validation.profiles.compiling import Compiler
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.run import STEPS, Budget, Found, Run, TooCostly
from interop.fhir.validation.special import SPECIAL, Context
from interop.fhir.validation.survey import Survey
from interop.fhir.validation.vital_signs import vital_signs

CLAIMS = 100
"""Profiles of one resource that are looked at."""
Resolve = Callable[[str], Json | None]


class Validator:
    """Validates resources of R4 against everything that they claim.

    ``definitions`` are base R4 unless given; ``terminology`` None leaves every code *not checked*. ``must_support`` tells
    of absent elements that a profile says must be supported, ``unsliced`` of what is of no slice though that is allowed.
    ``unknown_extensions`` is the severity of an extension whose definition is not loaded (``information``, ``warning``,
    ``error``), ``extension_domains`` the beginnings of URLs that are let pass all the same. ``wrong_display`` is the
    severity of a display that is not of its code, '' to ignore it. ``resolve`` gives the resource that a reference leads to
    outside of the resource. ``gather`` tells what could not be checked for one reason once. ``vital_signs`` holds
    Observations to R4's profiles of vital signs by their LOINC codes. ``steps`` bounds work that grows faster than the
    resource; beyond it there is a finding ``too-costly``. Profiles are compiled once; one validator serves any thread.
    """

    def __init__(
        self,
        definitions: Definitions | None = None,
        terminology: Terminology | None = None,
        *,
        must_support: bool = False,
        unsliced: bool = False,
        unknown_extensions: str = INFORMATION,
        extension_domains: Sequence[str] = (),
        wrong_display: str = WARNING,
        resolve: Resolve | None = None,
        gather: bool = True,
        vital_signs: bool = True,
        steps: int = STEPS,
    ) -> None:
        self.definitions = Definitions.base() if definitions is None else definitions
        self.terminology = terminology
        self._resolve = resolve
        self._gather = gather
        self._vital_signs = vital_signs
        self._steps = steps
        self._demanded: dict[str, list[str]] | None = None
        self._compiler = Compiler(self.definitions, must_support, unsliced)
        self._bindings = Bindings(terminology, wrong_display)
        self._extensions = Extensions(self._compiler, unknown_extensions, extension_domains)
        self._survey = Survey(self._compiler.base, self._bindings, self._extensions)

    def validate(self, resource: Any, profiles: Sequence[str] = ()) -> Findings:
        """Every finding of a resource, in its order; [] where there is none. Raises nothing for any JSON value.

        ``profiles`` are canonical URLs to hold it to beside those of ``meta.profile``.
        """
        found = list(check(resource))
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(kind, str) or kind not in facts.resource_types():
            return found
        try:
            found += at(kind, self._everything(resource, Run(self, Budget(self._steps), resource), profiles))
        except TooCostly:
            found.append(Finding(ERROR, kind, "too-costly", "takes more work than the validator may do"))
        except RecursionError:
            found.append(Finding(ERROR, kind, "too-costly", "is nested too deep"))
        return ordered(resource, gathered(found) if self._gather else found)

    def _everything(self, resource: Json, run: Run, profiles: Sequence[str] = ()) -> Findings:
        """Findings beyond the structural check, relative to the resource; those inside it included."""
        found, inner, weak = self._survey(resource, run)
        found += self._claims(resource, run, profiles)
        found += [each for value, each in weak if value not in run.budget.bound]
        found += self._special(resource, run)
        for each in inner:
            found += at(each.expression, self._everything(each.resource, run.inside(each.resource, each.name)))
        return found

    def _special(self, resource: Json, run: Run) -> Findings:
        """What the standard says of this type of resource alone."""
        rule = SPECIAL.get(str(resource["resourceType"]))
        if rule is None:
            return []

        def resolve(reference: str) -> Json | None:
            found = run.resolve(reference)
            return found[0] if found else None

        return rule(resource, Context(self.definitions, self.terminology, run.root, resolve, run.budget.work))

    def _claims(self, resource: Json, run: Run, profiles: Sequence[str]) -> Findings:
        """Findings against the profiles that are claimed, given, and demanded by R4."""
        found: Findings = []
        kind = str(resource["resourceType"])
        meta = resource.get("meta")
        claimed = meta.get("profile") if isinstance(meta, dict) else None
        claims = claimed if isinstance(claimed, list) else []
        if len(claims) > CLAIMS:
            found.append(Finding(ERROR, "meta.profile", "too-costly", f"only {CLAIMS} profiles are looked at", "profile"))
        wanted = [(f"meta.profile[{place}]", each) for place, each in enumerate(claims[:CLAIMS])]
        wanted += [("", each) for each in (*profiles, *self._globals().get(kind, ()))]
        if self._vital_signs and kind == "Observation" and (demanded := vital_signs(resource)):
            above = {base for _, url in wanted if isinstance(url, str) for base in self._compiler.lineage(url)}
            wanted += [("", each) for each in demanded if each not in above]
        done: set[str] = set()
        for expression, url in wanted:
            if not isinstance(url, str) or url in done:
                continue
            done.add(url)
            try:
                said = self.type_of(url)
                if said and said not in (kind, "Resource", "DomainResource"):
                    found.append(Finding(ERROR, expression, "structure", f"is a profile of {said}, not of {kind}", "profile", url))
                    continue
                problems = self.conforms(Occurrence(resource, None, kind, ""), url, run)
            except Unusable:
                known = self._compiler.known(url)
                message = "the profile cannot be used: not checked" if known else "the profile is not loaded: not checked"
                severity = WARNING if expression else ERROR
                named = url if known or not expression else ""
                found.append(Finding(severity, expression, "not-found", message, "profile", named))
                continue
            found += problems or ()
        return found

    def _globals(self) -> dict[str, list[str]]:
        """The profiles that the loaded ImplementationGuides demand of every resource of a type."""
        if self._demanded is None:
            self._demanded = {}
            for url in self.definitions.every("ImplementationGuide"):
                guide = self.definitions.resource("ImplementationGuide", url) or {}
                said = guide.get("global")
                for each in said if isinstance(said, list) else ():
                    if isinstance(each, dict) and isinstance(each.get("profile"), str):
                        self._demanded.setdefault(str(each.get("type")), []).append(each["profile"])
        return self._demanded

    # What rules ask (interop.fhir.validation.profiles.run.Judge).

    def conforms(self, one: Occurrence, url: str, run: Run) -> Found:
        """Findings of a value against a profile, None where it keeps to it; a value under way is taken to keep to it."""
        key = (id(one.value), url)
        budget = run.budget
        if key in budget.memo:
            return budget.memo[key]
        if key in budget.active:
            return None
        content = self._compiler.profile(url)
        if content is None:
            return None
        budget.active.add(key)
        try:
            found = content(one, run)
        finally:
            budget.active.discard(key)
        if found:
            found = [each if each.profile else each._replace(profile=url) for each in found]
        if isinstance(one.value, dict):
            budget.memo[key] = found
        return found

    def bound(self, binding: Json, one: Occurrence) -> Found:
        """Findings of a coded value against a binding."""
        return self._bindings.bound(binding, one)

    def member(self, value_set: str, one: Occurrence) -> bool | None:
        """Whether a coded value is in a value set; None where that cannot be told."""
        return self._bindings.member(value_set, one)

    def type_of(self, url: str) -> str:
        """The type that a profile is of, '' where it is not known."""
        return self._compiler.type_of(url)

    def beyond(self, reference: str) -> Json | None:
        """A resource from outside, by the caller's ``resolve``."""
        return self._resolve(reference) if self._resolve is not None else None
