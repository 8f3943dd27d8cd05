"""URLs that the code names, each in one place: bases of R4's own definitions, code systems, namespaces."""

from __future__ import annotations

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"
STRUCTURE_DEFINITION = "http://hl7.org/fhir/StructureDefinition/"
VALUE_SET = "http://hl7.org/fhir/ValueSet/"
SNOMED_CT = "http://snomed.info/sct"
DMD = "https://dmd.nhs.uk"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
CURRENCIES = "urn:iso:std:iso:4217"
URIS = "urn:ietf:rfc:3986"


def bare(canonical: str) -> str:
    """The URL of a canonical without ``|version``."""
    return canonical.partition("|")[0]
