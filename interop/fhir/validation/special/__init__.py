"""Checks of single resource types beyond structure, invariants and profiles: what the standard says of them in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interop.fhir.findings import Findings
from interop.fhir.validation.special import (
    canonical,
    capability_statement,
    code_system,
    concept_map,
    measure_report,
    questionnaire,
    questionnaire_response,
    search_parameter,
    structure_definition,
    value_set,
)
from interop.fhir.validation.special.context import Context

Check = Callable[[dict[str, Any], Context], Findings]

_OWN: dict[str, Check] = {
    "CapabilityStatement": capability_statement.check,
    "CodeSystem": code_system.check,
    "ConceptMap": concept_map.check,
    "MeasureReport": measure_report.check,
    "Questionnaire": questionnaire.check,
    "QuestionnaireResponse": questionnaire_response.check,
    "SearchParameter": search_parameter.check,
    "StructureDefinition": structure_definition.check,
    "ValueSet": value_set.check,
}


def _both(own: Check) -> Check:
    return lambda resource, context: [*canonical.check(resource, context), *own(resource, context)]


SPECIAL: dict[str, Check] = _OWN | {
    kind: _both(_OWN[kind]) if kind in _OWN else canonical.check for kind in canonical.KINDS
}  # fmt: skip
"""By resource type. Findings are relative: '' is the resource itself. For resources of any shape; none raises."""

__all__ = ["SPECIAL", "Context"]
