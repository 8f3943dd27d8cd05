"""A ValueSet's own rules beyond its invariants (FHIR R4, ValueSet.compose)."""

from __future__ import annotations

import re

from interop.fhir.canonicals import SNOMED_CT
from interop.fhir.findings import WARNING, Findings
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.expression_constraint import sound
from interop.fhir.validation.special.reading import Json, fault, objects, text, texts

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")
_BUILT_IN = {"concept": "concept", "code": "concept", "parent": "concept", "child": "concept", "notSelectable": "boolean",
             "inactive": "boolean"}  # fmt: skip
"""Properties that every code system has, ``concept`` for codes of the system itself."""
# Numbers and times may be compared with, by the prefixes of search (``lt2``); a Coding is ``system#code`` or a token.
_FORMS = {
    "boolean": re.compile("true|false"),
    "integer": re.compile(r"(?:[gl][te])?[+-]?\d+"),
    "decimal": re.compile(r"(?:[gl][te])?[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"),
    "dateTime": re.compile(r"(?:[gl][te])?\d{4}(-\d\d(-\d\d(T.*)?)?)?"),
    "Coding": re.compile(r"[^#|]+[#|].+"),
}


def check(resource: Json, context: Context) -> Findings:
    """Systems are code systems, codes and filters are theirs, nothing is listed twice, fragments name what is contained."""
    findings: Findings = []
    compose = resource.get("compose")
    for part in ("include", "exclude"):
        for place, each in objects(compose, part):
            findings += _include(f"compose.{part}[{place}]", each, context)
    return findings


def _include(step: str, include: Json, context: Context) -> Findings:
    findings: Findings = []
    system = text(include, "system")
    if system and not _ABSOLUTE.match(system):
        findings.append(fault(f"{step}.system", "must be an absolute URI", code="invalid", rule="value"))
    if (known := context.definitions.resource("CodeSystem", system)) and text(known, "content") == "supplement":
        findings.append(fault(f"{step}.system", "is a supplement, not a code system", code="invalid"))
    if system and (context.definitions.resource("ValueSet", system) is not None and not _is_system(system, context)):
        findings.append(fault(f"{step}.system", "is the URL of a value set, not of a code system", code="invalid"))
    for at, url in enumerate(texts(include, "valueSet")):
        if url.startswith("#") and context.canonical("ValueSet", url) is None:
            findings.append(fault(f"{step}.valueSet[{at}]", "names no contained value set", code="not-found", rule="reference"))
        elif not url.startswith("#") and context.canonical("ValueSet", url) is None and (kind := context.kind(url)):
            findings.append(
                fault(f"{step}.valueSet[{at}]", f"refers to a {kind}, not to a ValueSet", code="invalid", rule="reference")
            )
    findings += _filters(step, include, system, context)
    seen: set[str] = set()
    terminology = context.terminology
    for place, concept in objects(include, "concept"):
        code = text(concept, "code")
        where = f"{step}.concept[{place}].code"
        if code in seen:
            findings.append(fault(where, "is listed twice", severity=WARNING, code="duplicate"))
        seen.add(code)
        if terminology is not None and system and code and terminology.validate_in_system(system, code).result is False:
            findings.append(fault(where, "is no code of its system", severity=WARNING, code="code-invalid", rule="binding"))
    return findings


def _filters(step: str, include: Json, system: str, context: Context) -> Findings:
    """The value of a filter is of the type of its property; codes in it are codes."""
    known = context.definitions.resource("CodeSystem", system) if system else None
    types = _BUILT_IN | {text(each, "code"): text(each, "type") for _place, each in objects(known, "property")}
    findings: Findings = []
    for place, each in objects(include, "filter"):
        operator, value = text(each, "op"), text(each, "value")
        where = f"{step}.filter[{place}].value"
        kind = "boolean" if operator == "exists" else types.get(text(each, "property"), "")
        if not value or operator == "regex":
            continue
        if system == SNOMED_CT and operator == "=" and text(each, "property") in ("constraint", "expression"):
            if sound(value) is False:
                findings.append(fault(where, "is no expression constraint of SNOMED CT", code="invalid", rule="value"))
            continue
        for one in value.split(",") if operator in ("in", "not-in") else (value,):
            findings += _filter_value(where, kind, one.strip(), system, context)
    return findings


def _filter_value(where: str, kind: str, value: str, system: str, context: Context) -> Findings:
    form = _FORMS.get(kind)
    if form is not None and not form.fullmatch(value):
        return [fault(where, f"is no {kind}, as the property is", code="invalid", rule="value")]
    if kind == "Coding":
        system, _, value = value.partition("#")
        system = system.partition("|")[0]
    if kind not in ("concept", "Coding") or not system or context.terminology is None:
        return []
    if context.terminology.validate_in_system(system, value).result is False:
        return [fault(where, "is no code of its system", code="code-invalid", rule="binding")]
    return []


def _is_system(url: str, context: Context) -> bool:
    return context.definitions.resource("CodeSystem", url) is not None
