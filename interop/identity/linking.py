"""When two source Patients are one person without anyone deciding: the same verified NHS number and agreeing demographics.

An identity is text that two Patients share exactly then; '' never links. A number that fails modulus 11 never links, nor one
of ten equal digits; 999 test numbers only where configured. A number whose status is stated and is not verified (NHS
Data Dictionary, NHS NUMBER STATUS INDICATOR CODE, 01) does not link. Others wait for a person to decide.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from interop.ids import NHS_NUMBER, NhsNumber, Standing

VERIFIED = "01"
_STATUS = "NHSNumberVerificationStatus"


def identity_of(patient: dict[str, Any], *, test_numbers: bool) -> str:
    """The identity of a Patient's body: NHS number, birth date and family name; '' where it may not link by itself."""
    born = patient.get("birthDate", "")
    family = _family(patient)
    if len(born) != 10 or not family:
        return ""
    numbers = [one for one in patient.get("identifier", ()) if one.get("system") == NHS_NUMBER]
    usable = {
        number for one in numbers if (number := NhsNumber.read(one.get("value", ""))) and _may_link(number, one, test_numbers)
    }
    return f"{usable.pop()}|{born}|{family}" if len(usable) == 1 and len({one.get("value") for one in numbers}) == 1 else ""


def number_of(identity: str) -> str:
    """The NHS number within an identity."""
    return identity.partition("|")[0]


def _may_link(number: NhsNumber, identifier: dict[str, Any], test_numbers: bool) -> bool:
    standing = number.standing
    if standing is not Standing.USABLE and not (standing is Standing.TEST and test_numbers):
        return False
    for extension in identifier.get("extension", ()):
        if _STATUS in extension.get("url", ""):
            codings = extension.get("valueCodeableConcept", {}).get("coding", [])
            return any(_code(coding) == VERIFIED for coding in codings)
    return True


def _code(coding: dict[str, Any]) -> str:
    code: str = coding.get("code", "")
    return VERIFIED if code in (VERIFIED, "number-present-and-verified") else code


def _family(patient: dict[str, Any]) -> str:
    names = patient.get("name", [])
    official = [name for name in names if name.get("use") in (None, "official", "usual")] or names
    text = official[0].get("family", "") if official else ""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
