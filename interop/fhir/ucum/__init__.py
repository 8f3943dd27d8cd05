"""Units of measure: UCUM codes read and brought to base units (The Unified Code for Units of Measure, 2.0.1)."""

from __future__ import annotations

from interop.fhir.ucum.convert import canonical, comparable, valid

__all__ = ["canonical", "comparable", "valid"]
