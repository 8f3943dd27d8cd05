"""Validation: base R4 (``check``), then profiles, then what spans resources."""

from __future__ import annotations

from typing import Any

from interop.fhir.findings import Findings
from interop.fhir.validation.structure import check_resource


def check(resource: Any) -> Findings:
    """Every finding of a resource against base R4, [] where there is none; raises nothing for any JSON value.

    Structure, primitive values, required codes, references, contained resources, narratives, invariants and what spans the
    entries of a Bundle. Expressions start at the resource's type, or at ``Resource`` where it has none of R4. What should be
    otherwise but may be is a warning; a resource that is nested too deep has one finding, with the code ``too-costly``.
    """
    return check_resource(resource)
