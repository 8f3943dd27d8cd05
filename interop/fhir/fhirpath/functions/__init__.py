"""The functions of FHIRPath, each group in a module of its own."""

from __future__ import annotations

from interop.fhir.fhirpath.functions import (
    boundaries,
    conversion,
    existence,
    fhir,
    filtering,
    math,
    strings,
    subsetting,
    types,
    utility,
)
from interop.fhir.fhirpath.functions.registry import FUNCTIONS

__all__ = [
    "FUNCTIONS",
    "boundaries",
    "conversion",
    "existence",
    "fhir",
    "filtering",
    "math",
    "strings",
    "subsetting",
    "types",
    "utility",
]
