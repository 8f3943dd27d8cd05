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
    """The identity of a Patient's body: NHS number, birth date and family name; '' where it may not link by itself.

    A Patient of whom a source knows nothing but a number that it states as verified (the e-Referral Service) has the number
    alone, ``number||``: it follows whoever has that number, as long as that is one identity.
    """
    numbers = [one for one in patient.get("identifier", ()) if one.get("system") == NHS_NUMBER]
    if len({one.get("value") for one in numbers}) != 1:
        return ""
    number = NhsNumber.read(numbers[0].get("value", ""))
    stated = {_stated(one) for one in numbers} - {None}
    if number is None or stated - {VERIFIED} or not _usable(number, test_numbers):
        return ""
    born, family = patient.get("birthDate", ""), _family(patient)
    if not born and not patient.get("name"):
        return f"{number}||" if stated else ""
    return f"{number}|{born}|{family}" if len(born) == 10 and family else ""


def is_number_alone(identity: str) -> bool:
    """Whether an identity is a number without demographics."""
    return identity.endswith("||")


def number_of(identity: str) -> str:
    """The NHS number within an identity."""
    return identity.partition("|")[0]


def _usable(number: NhsNumber, test_numbers: bool) -> bool:
    return number.standing is Standing.USABLE or (number.standing is Standing.TEST and test_numbers)


def _stated(identifier: dict[str, Any]) -> str | None:
    """The verification status that an identifier states, None where it states none."""
    for extension in identifier.get("extension", ()):
        if _STATUS in extension.get("url", ""):
            codings = extension.get("valueCodeableConcept", {}).get("coding", [])
            return VERIFIED if any(_code(coding) == VERIFIED for coding in codings) else "other"
    return None


def _code(coding: dict[str, Any]) -> str:
    code: str = coding.get("code", "")
    return VERIFIED if code in (VERIFIED, "number-present-and-verified") else code


def _family(patient: dict[str, Any]) -> str:
    names = patient.get("name", [])
    official = [name for name in names if name.get("use") in (None, "official", "usual")] or names
    text = official[0].get("family", "") if official else ""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
