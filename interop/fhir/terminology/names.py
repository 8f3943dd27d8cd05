"""What people call the large code systems."""

from __future__ import annotations

NAMES = {
    "http://snomed.info/sct": "SNOMED CT",
    "https://dmd.nhs.uk": "the dm+d",
    "http://loinc.org": "LOINC",
    "http://unitsofmeasure.org": "UCUM",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://hl7.org/fhir/sid/icd-10-uk": "ICD-10 (UK)",
    "https://fhir.hl7.org.uk/Id/opcs-4": "OPCS-4",
}


def called(url: str) -> str:
    """The name of a code system in a sentence."""
    return NAMES.get(url, f"the code system {url}")
