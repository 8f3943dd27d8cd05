"""Invariants of a profile: FHIRPath that must be true of an occurrence (FHIR R4, ElementDefinition.constraint)."""

from __future__ import annotations

from interop.fhir.fhirpath import FhirPathError, Item, compile
from interop.fhir.findings import ERROR, WARNING, Finding
from interop.fhir.shapes import Json
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.run import Found, Rule, Run, unchecked
from interop.fhir.validation.profiles.surroundings import evaluated


def constraint(said: Json) -> Rule:
    """The rule of one constraint: what gives nothing is not kept. An expression that cannot be evaluated is not checked."""
    key, human = str(said.get("key", "")), str(said.get("human") or "is not kept")
    severity = WARNING if said.get("severity") == "warning" else ERROR
    expression = str(said.get("expression", ""))
    try:
        compiled = compile(expression)
    except FhirPathError:
        return lambda one, run: unchecked("the expression of the invariant cannot be read", key)

    def rule(one: Occurrence, run: Run) -> Found:
        run.budget.spend()
        try:
            verdict = evaluated(run, lambda surroundings: compiled.truth(Item(one.value, one.type, one.shadow), surroundings))
        except FhirPathError:
            return unchecked("the invariant cannot be evaluated", key)
        return None if verdict else [Finding(severity, "", "invariant", human, key)]

    return rule
