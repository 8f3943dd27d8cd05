"""Terminology: code systems, value sets and concept maps, and releases of SNOMED CT and dm+d from disk."""

from __future__ import annotations

from interop.fhir.terminology.codetables import BadTable as BadTable
from interop.fhir.terminology.codetables import code_tables as code_tables
from interop.fhir.terminology.results import Concept as Concept
from interop.fhir.terminology.results import Contained as Contained
from interop.fhir.terminology.results import Designation as Designation
from interop.fhir.terminology.results import Expansion as Expansion
from interop.fhir.terminology.results import Lookup as Lookup
from interop.fhir.terminology.results import TooCostly as TooCostly
from interop.fhir.terminology.results import Translation as Translation
from interop.fhir.terminology.results import Uncomputable as Uncomputable
from interop.fhir.terminology.results import Verdict as Verdict
from interop.fhir.terminology.terminology import Terminology as Terminology
