"""Invariants of R4 written out in Python: those of datatypes and of the resources that are met most.

A test of a block's JSON object gives True (holds), False, or None where the FHIRPath of the invariant has to say. Objects may be of
any shape: what is no R4 at all has findings of its own, and a test only never fails on it.
"""

from __future__ import annotations

from interop.fhir.validation.invariants.native.bundle import BUNDLE
from interop.fhir.validation.invariants.native.clinical import CLINICAL
from interop.fhir.validation.invariants.native.datatypes import DATATYPES
from interop.fhir.validation.invariants.native.forms import FORMS
from interop.fhir.validation.invariants.native.reading import Native

NATIVE: dict[str, Native] = {**DATATYPES, **CLINICAL, **BUNDLE, **FORMS}
"""Key -> test; a key that R4 gives to several invariants is written ``block:key``."""


def native(block: str, key: str) -> Native | None:
    """The test of an invariant of a block, None where it has none."""
    return NATIVE.get(f"{block}:{key}") or NATIVE.get(key)
