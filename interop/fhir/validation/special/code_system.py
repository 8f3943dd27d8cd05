"""A CodeSystem's own rules beyond its invariants (FHIR R4, CodeSystem)."""

from __future__ import annotations

from collections.abc import Iterator

from interop.fhir.findings import INFORMATION, WARNING, Findings
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.reading import Json, choice, fault, objects, text

_VALUES = {
    "code": "Code", "Coding": "Coding", "string": "String", "integer": "Integer", "boolean": "Boolean",
    "dateTime": "DateTime", "decimal": "Decimal",
}  # fmt: skip
_BUILT_IN = {"parent", "child", "inactive", "deprecated", "notSelectable", "status", "effectiveDate", "deprecationDate",
             "retirementDate", "comment", "order", "synonym", "alternateCode", "itemWeight", "partOf", "label"}  # fmt: skip


def check(resource: Json, context: Context) -> Findings:
    """``count`` and ``content`` fit the concepts, properties are declared and of their type, a supplement adds no code."""
    concepts = list(_concepts(resource))
    return [
        *_content(resource, len(concepts)),
        *_declared(resource),
        *_properties(resource, concepts),
        *_everything(resource, context),
        *_supplement(resource, concepts, context),
    ]


def _concepts(resource: Json) -> Iterator[tuple[str, Json]]:
    pending = [("", resource)]
    while pending:
        path, holder = pending.pop()
        inner = objects(holder, "concept")
        steps = [(f"{path}.concept[{place}]" if path else f"concept[{place}]", each) for place, each in inner]
        yield from steps
        pending += reversed(steps)


def _content(resource: Json, number: int) -> Findings:
    content, count = text(resource, "content"), resource.get("count")
    findings: Findings = []
    if not isinstance(resource.get("caseSensitive"), bool) and content != "supplement":
        message = "should be stated, for without it codes cannot be compared with certainty"
        findings.append(fault("caseSensitive", message, severity=INFORMATION))
    if content == "not-present" and number:
        findings.append(fault("concept", "must be absent where content is not-present", code="invalid"))
    if isinstance(count, int) and not isinstance(count, bool):
        if content == "complete" and count != number:
            findings.append(fault("count", "is not the number of concepts of a complete code system", code="invalid"))
        elif content in ("fragment", "example") and count < number:
            findings.append(fault("count", "is less than the number of concepts listed", code="invalid"))
    return findings


def _declared(resource: Json) -> Findings:
    """No property, and no filter, is declared twice."""
    findings: Findings = []
    for name in ("property", "filter"):
        seen: set[str] = set()
        for place, each in objects(resource, name):
            code = text(each, "code")
            if code and code in seen:
                findings.append(fault(f"{name}[{place}].code", "is declared twice", code="duplicate"))
            seen.add(code)
    return findings


def _everything(resource: Json, context: Context) -> Findings:
    """The value set of all codes, where it is loaded, includes this code system whole and nothing else."""
    url = text(resource, "valueSet")
    value_set = context.canonical("ValueSet", url) if url else None
    compose = value_set.get("compose") if value_set else None
    includes = objects(compose, "include")
    if not includes:
        return []
    _place, only = includes[0]
    whole = len(includes) == 1 and not any(only.get(name) for name in ("concept", "filter", "valueSet"))
    if whole and not objects(compose, "exclude") and text(only, "system") == text(resource, "url"):
        return []
    return [fault("valueSet", "is not the value set of all codes of this code system", code="invalid", rule="reference")]


def _properties(resource: Json, concepts: list[tuple[str, Json]]) -> Findings:
    declared = {text(each, "code"): text(each, "type") for _place, each in objects(resource, "property")}
    findings: Findings = []
    for path, concept in concepts:
        for place, each in objects(concept, "property"):
            step, code = f"{path}.property[{place}]", text(each, "code")
            kind, _value = choice(each, "value")
            if code not in declared:
                if code not in _BUILT_IN and text(resource, "content") != "supplement":
                    findings.append(fault(f"{step}.code", "is not declared by the code system", severity=WARNING))
            elif kind and declared[code] in _VALUES and kind != _VALUES[declared[code]]:
                findings.append(fault(f"{step}.value{kind}", f"must be of type {declared[code]}, as declared", code="invalid"))
    return findings


def _supplement(resource: Json, concepts: list[tuple[str, Json]], context: Context) -> Findings:
    supplements, content = text(resource, "supplements"), text(resource, "content")
    if not supplements:
        if content == "supplement":
            return [fault("supplements", "must name the code system that this one supplements")]
        return []
    findings: Findings = []
    if content and content != "supplement":
        findings.append(fault("content", "must be supplement where supplements is given"))
    if context.terminology is None:
        return findings
    system = supplements.partition("|")[0]
    for path, concept in concepts:
        if context.terminology.validate_in_system(system, text(concept, "code")).result is False:
            findings.append(fault(f"{path}.code", "is no code of the code system that is supplemented", code="code-invalid"))
    return findings
