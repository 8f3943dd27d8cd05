"""Vital signs: the profile that R4 demands of an Observation by its LOINC code (FHIR R4, Observation, vital signs)."""

from __future__ import annotations

from interop.fhir.validation.profiles.occurrence import Json

BASE = "http://hl7.org/fhir/StructureDefinition/"
PROFILES = {
    "85353-1": "vitalspanel",
    "9279-1": "resprate",
    "8867-4": "heartrate",
    "2708-6": "oxygensat",
    "59408-5": "oxygensat",
    "8310-5": "bodytemp",
    "8302-2": "bodyheight",
    "9843-4": "headcircum",
    "29463-7": "bodyweight",
    "39156-5": "bmi",
    "85354-9": "bp",
    "76534-7": "bp",
}
"""LOINC code -> the profile's last word."""
OBSERVABLES = {"276885007": "bodytemp"}
"""As the official validator has it, of SNOMED CT."""
SYSTEMS = {"http://loinc.org": PROFILES, "http://snomed.info/sct": OBSERVABLES}


def vital_signs(resource: Json) -> list[str]:
    """The profiles that an Observation must keep to though it does not claim them."""
    code = resource.get("code")
    codings = code.get("coding") if isinstance(code, dict) else None
    found: list[str] = []
    for each in codings if isinstance(codings, list) else ():
        if isinstance(each, dict) and isinstance(each.get("code"), str):
            name = SYSTEMS.get(str(each.get("system")), {}).get(each["code"])
            if name and BASE + name not in found:
                found.append(BASE + name)
    return found
