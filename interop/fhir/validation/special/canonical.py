"""What every canonical resource keeps to (FHIR R4, "Canonical Resources" and "Canonical URLs")."""

from __future__ import annotations

import re

from interop.fhir.findings import Findings
from interop.fhir.validation.special.context import Context
from interop.fhir.validation.special.reading import Json, fault, text

KINDS = (
    "ActivityDefinition", "CapabilityStatement", "ChargeItemDefinition", "CodeSystem", "CompartmentDefinition", "ConceptMap",
    "EffectEvidenceSynthesis", "EventDefinition", "Evidence", "EvidenceVariable", "ExampleScenario", "GraphDefinition",
    "ImplementationGuide", "Library", "Measure", "MessageDefinition", "OperationDefinition", "PlanDefinition", "Questionnaire",
    "ResearchDefinition", "ResearchElementDefinition", "RiskEvidenceSynthesis", "SearchParameter", "StructureDefinition",
    "StructureMap", "TerminologyCapabilities", "TestScript", "ValueSet",
)  # fmt: skip

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")


def check(resource: Json, _context: Context) -> Findings:
    """Its ``url`` is absolute."""
    url = text(resource, "url")
    if url and not _ABSOLUTE.match(url):
        return [fault("url", "must be an absolute URL", code="invalid", rule="value")]
    return []
