"""References: their form, the type that they lead to, fragments (FHIR R4 references, section 2.3.0)."""

from __future__ import annotations

from typing import Any

from interop.fhir import facts
from interop.fhir.findings import ERROR, WARNING, Finding, Findings
from interop.fhir.references import literal_type
from interop.fhir.validation.structure.run import Json, Rule, Run

REF_1 = "ref-1: SHALL have a contained resource if a local reference is provided"


def target(content: Rule, targets: frozenset[str]) -> Rule:
    """The rule of a Reference that may point to ``targets`` (any type where they are empty or hold Resource)."""
    wanted = frozenset() if "Resource" in targets else targets

    def reference(value: Any, run: Run) -> Findings | None:
        findings = content(value, run)
        if not isinstance(value, dict):
            return findings
        literal = value.get("reference")
        if literal.__class__ is not str or not literal:
            found = _logical(value, wanted)
        else:
            if run.links is not None:
                run.links.append(value)
            kind = _kind(literal, run)
            if kind and "type" not in value and (not wanted or kind in wanted):
                return findings
            found = _judged(value, literal, kind, wanted, run)
        if found is not None:
            findings = found if findings is None else findings + found
        return findings

    return reference


def _kind(literal: str, run: Run) -> str:
    """The type that a literal names or, for a fragment, that of the contained resource; '' where it does not tell."""
    if literal[0] == "#":
        run.name(literal)
        if len(literal) == 1:
            return str(run.root.get("resourceType"))
        return run.contained.get(literal[1:], "")
    kind = literal_type(literal)
    return kind if kind in facts.resource_types() else ""


def _judged(value: Json, literal: str, kind: str, wanted: frozenset[str], run: Run) -> Findings | None:
    findings: Findings = []
    if not kind and literal[0] == "#":
        findings.append(Finding(ERROR, "", "invariant", REF_1, "ref-1"))
    elif not kind and ":" not in literal and "?" not in literal:
        findings.append(Finding(WARNING, "reference", "value", "is neither absolute nor of the form type/id", "reference"))
    if kind and wanted and kind not in wanted:
        findings.append(Finding(ERROR, "", "value", f"must not point to {kind}", "reference"))
    said = value.get("type")
    if isinstance(said, str) and said in facts.resource_types():
        if kind and kind != said:
            findings.append(Finding(ERROR, "type", "value", "is not the type that the reference names", "reference"))
        elif not kind:
            findings += _said(said, wanted)
    return findings or None


def _said(said: str, wanted: frozenset[str]) -> Findings:
    if wanted and said not in wanted:
        return [Finding(ERROR, "type", "value", f"must not point to {said}", "reference")]
    return []


def _logical(value: Json, wanted: frozenset[str]) -> Findings | None:
    """A reference without a literal: its identifier, or at least words."""
    said = value.get("type")
    findings = _said(said, wanted) if isinstance(said, str) and said in facts.resource_types() else []
    if not any(name in value for name in ("identifier", "display", "extension", "_reference", "_display")):
        findings.append(Finding(WARNING, "", "value", "has neither reference, identifier nor display", "reference"))
    return findings or None
