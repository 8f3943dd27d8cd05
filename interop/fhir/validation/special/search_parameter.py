"""A SearchParameter's own rules beyond its invariants (FHIR R4, SearchParameter)."""

from __future__ import annotations

import re

from interop.fhir import facts
from interop.fhir.fhirpath import FhirPathError, compile
from interop.fhir.findings import Findings
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.reading import Json, fault, objects, text, texts

_ABSTRACT = ("Resource", "DomainResource")
_START = re.compile(r"(?:^|\|)\s*\(?\s*([A-Z][A-Za-z]+)\b(?!\s*\()")


def check(resource: Json, context: Context) -> Findings:
    """The expression is FHIRPath and starts at a base, a composite has two components, a derived one keeps to its origin."""
    return [*_expression(resource), *_composite(resource), *_derived(resource, context)]


def _expression(resource: Json) -> Findings:
    source = text(resource, "expression")
    if not source:
        return []
    try:
        compile(source)
    except FhirPathError:
        return [fault("expression", "is no FHIRPath", code="invalid")]
    bases = texts(resource, "base")
    if not bases or any(base in _ABSTRACT for base in bases):
        return []
    starts = {name for name in _START.findall(source) if name in facts.resource_types()}
    if starts and not starts & {*bases, *_ABSTRACT}:
        return [fault("expression", "starts at a type that is not a base of the parameter", code="invalid")]
    return []


def _composite(resource: Json) -> Findings:
    if text(resource, "type") != "composite" or len(objects(resource, "component")) > 1:
        return []
    return [fault("component", "must be given twice or more where the type is composite")]


def _derived(resource: Json, context: Context) -> Findings:
    origin = context.canonical("SearchParameter", text(resource, "derivedFrom")) if text(resource, "derivedFrom") else None
    if origin is None:
        return []
    findings: Findings = []
    if text(resource, "type") != text(origin, "type"):
        findings.append(fault("type", "differs from that of the parameter that this one is derived from"))
    bases = texts(origin, "base")
    for place, base in enumerate(texts(resource, "base")):
        if base not in bases and not any(each in _ABSTRACT for each in bases):
            findings.append(fault(f"base[{place}]", "is no base of the parameter that this one is derived from"))
    return findings
