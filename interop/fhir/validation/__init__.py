"""Validation: base R4 (``check``), then profiles, then what spans resources."""

from __future__ import annotations

from typing import Any

from interop.fhir.findings import ERROR, Finding, Findings


def check(resource: Any) -> Findings:
    """Every finding of a resource against base R4, [] where there is none; raises nothing for any JSON value."""
    from interop.fhir.validation.structure.resources import kind_of, standalone

    name = kind_of(resource) or "Resource"
    try:
        found = standalone(resource, None)
    except RecursionError:
        return [Finding(ERROR, name, "too-costly", "is nested too deep")]
    if found is None:
        return []
    return [each._replace(expression=f"{name}.{each.expression}" if each.expression else name) for each in found]
