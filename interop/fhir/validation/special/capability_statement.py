"""A CapabilityStatement's own rules beyond its invariants (FHIR R4, CapabilityStatement.rest)."""

from __future__ import annotations

from interop.fhir.findings import ERROR, WARNING, Findings
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.reading import Json, fault, objects, text


def check(resource: Json, context: Context) -> Findings:
    """A search parameter is of the type that its definition gives; where it is of no one resource, that is a warning."""
    findings: Findings = []
    for rest_at, rest in objects(resource, "rest"):
        places = [(f"rest[{rest_at}].resource[{at}]", each) for at, each in objects(rest, "resource")]
        for step, holder in [(f"rest[{rest_at}]", rest), *places]:
            for place, parameter in objects(holder, "searchParam"):
                url = text(parameter, "definition")
                definition = context.canonical("SearchParameter", url) if url else None
                if definition is not None and text(definition, "type") != text(parameter, "type"):
                    message = "differs from the type that the definition of the parameter gives"
                    severity = WARNING if holder is rest else ERROR
                    where = f"{step}.searchParam[{place}].type"
                    findings.append(fault(where, message, severity=severity, code="invalid"))
    return findings
