"""FHIRPath: expressions compiled once and evaluated over plain JSON (N1 2.0.0; FHIR R4, FHIRPath)."""

from __future__ import annotations

from interop.fhir.fhirpath.environment import Environment
from interop.fhir.fhirpath.errors import FhirPathError, TooCostly
from interop.fhir.fhirpath.expression import Expression, compile
from interop.fhir.fhirpath.item import Item
from interop.fhir.fhirpath.quantity import Quantity
from interop.fhir.fhirpath.temporal import Temporal

__all__ = ["Environment", "Expression", "FhirPathError", "Item", "Quantity", "Temporal", "TooCostly", "compile"]
