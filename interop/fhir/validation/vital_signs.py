"""Vital signs: the profile that R4 demands of an Observation by its code (FHIR R4, Observation, vital signs)."""

from __future__ import annotations

from interop.fhir.canonicals import LOINC, SNOMED_CT, STRUCTURE_DEFINITION
from interop.fhir.shapes import Json

CODES_OF_LOINC: dict[str, str] = {
    "vitalspanel": "85353-1",
    "resprate": "9279-1 19840-8 33438-3 76170-0 76171-8 76172-6 76270-8",
    "heartrate": "8867-4 8889-8 8890-6 8893-0 11328-2 40443-4 68999-2 69000-8",
    "oxygensat": "2708-6 59408-5 2710-2 2713-6 20564-1 59417-6 97549-0",
    "bodytemp": "8310-5 8309-7 8328-7 8331-1 8332-9 8333-7 75539-7 75987-8 76010-8 76011-6",
    "bodyheight": "8302-2 3137-7 3138-5 8306-3 8308-9",
    "headcircum": "9843-4 8287-5",
    "bodyweight": "29463-7 3141-9 3142-7 8350-1 8351-9",
    "bmi": "39156-5 59574-4",
    "bp": "85354-9 8459-0 8480-6 35094-2 55284-4 76534-7",
}
"""The profile's last word -> LOINC codes: first that of the standard, then those by which the official validator knows the
same measurement."""
CODES_OF_SNOMED_CT: dict[str, str] = {
    "vitalspanel": "46680005",
    "heartrate": "249043002",
    "oxygensat": "103228002 431314004 442476006",
    "bodytemp": "276885007 307047009 364246006 386725007 415882003 415929009 415945006 415974002 708499008",
    "bodyheight": "50373000 1153637007",
    "headcircum": "363812007",
    "bodyweight": "424927000 425024002 735395000 784399000",
    "bp": "75367002 163033001 163035008 251076008 271306003 271649006 271650006 386534000 399304008",
}
"""The same for SNOMED CT, as the official validator has it."""


def _by_code(table: dict[str, str]) -> dict[str, str]:
    return {code: STRUCTURE_DEFINITION + name for name, codes in table.items() for code in codes.split()}


SYSTEMS = {LOINC: _by_code(CODES_OF_LOINC), SNOMED_CT: _by_code(CODES_OF_SNOMED_CT)}


def vital_signs(resource: Json) -> list[str]:
    """The profiles that an Observation must keep to though it does not claim them."""
    code = resource.get("code")
    codings = code.get("coding") if isinstance(code, dict) else None
    found: list[str] = []
    for each in codings if isinstance(codings, list) else ():
        if isinstance(each, dict) and isinstance(each.get("code"), str):
            url = SYSTEMS.get(str(each.get("system")), {}).get(each["code"])
            if url and url not in found:
                found.append(url)
    return found
