"""What the standard's prose demands of a datatype beside its table and its invariants."""

from __future__ import annotations

from interop.fhir.validation.invariants import Check

EXTRAS: dict[str, tuple[Check, ...]] = {}
