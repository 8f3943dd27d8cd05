"""A ConceptMap's own rules beyond its invariants (FHIR R4, ConceptMap.group)."""

from __future__ import annotations

from interop.fhir.findings import WARNING, Findings
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.reading import Json, choice, fault, objects, text


def check(resource: Json, context: Context) -> Findings:
    """Codes are in the value sets between which the map says it maps; one that its system lacks is a warning: versions differ."""
    if context.terminology is None:
        return []
    source, target = _value_set(resource, "source", context), _value_set(resource, "target", context)
    findings: Findings = []
    for group_at, group in objects(resource, "group"):
        from_system, to_system = text(group, "source"), text(group, "target")
        for at, element in objects(group, "element"):
            step = f"group[{group_at}].element[{at}]"
            findings += _code(f"{step}.code", from_system, text(element, "code"), source, context)
            for place, each in objects(element, "target"):
                findings += _code(f"{step}.target[{place}].code", to_system, text(each, "code"), target, context)
    return findings


def _value_set(resource: Json, stem: str, context: Context) -> str:
    """The canonical URL of the value set that is mapped from or to, '' where it is not at hand."""
    url = choice(resource, stem)[1]
    return url if isinstance(url, str) and not url.startswith("#") and context.definitions.resource("ValueSet", url) else ""


def _code(where: str, system: str, code: str, value_set: str, context: Context) -> Findings:
    terminology = context.terminology
    if terminology is None or not system or not code:
        return []
    if terminology.validate_in_system(system, code).result is False:
        return [fault(where, "is no code of its system", severity=WARNING, code="code-invalid", rule="binding")]
    if value_set and terminology.validate_code(value_set, system, code).result is False:
        return [fault(where, "is not in the value set of the map", code="code-invalid", rule="binding")]
    return []
