"""What people call the large code systems."""

from __future__ import annotations

from interop.fhir.canonicals import DMD, LOINC, SNOMED_CT, UCUM

NAMES = {
    SNOMED_CT: "SNOMED CT",
    DMD: "the dm+d",
    LOINC: "LOINC",
    UCUM: "UCUM",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://hl7.org/fhir/sid/icd-10-uk": "ICD-10 (UK)",
    "https://fhir.hl7.org.uk/Id/opcs-4": "OPCS-4",
}


def called(url: str) -> str:
    """The name of a code system in a sentence."""
    return NAMES.get(url, f"the code system {url}")
