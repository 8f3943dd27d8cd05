"""National identifiers, checked where they enter."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code"


class Standing(StrEnum):
    """How far an NHS number may be trusted to name one person."""

    USABLE = "usable"
    TEST = "test"
    REPEATED = "repeated"
    INVALID = "invalid"


class NhsNumber(str):
    """Ten digits; see the NHS Data Dictionary, NHS NUMBER. ``standing`` tells whether it may link records."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> NhsNumber | None:
        """The number in ``text`` (blanks and hyphens allowed), or None where there are no ten digits; check ``standing``."""
        digits = text.replace(" ", "").replace("-", "").strip()
        return cls(digits) if len(digits) == 10 and digits.isascii() and digits.isdigit() else None

    @property
    def standing(self) -> Standing:
        """Modulus 11 of the first nine digits gives the tenth; ten equal digits pass it and are nobody's; 999 is for tests."""
        return _standing(self)


@lru_cache(maxsize=4_096)
def _standing(digits: str) -> Standing:
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9]))
    check = (11 - total % 11) % 11
    if check == 10 or check != int(digits[9]):
        return Standing.INVALID
    if digits == digits[0] * 10:
        return Standing.REPEATED
    return Standing.TEST if digits.startswith("999") else Standing.USABLE


class OdsCode(str):
    """An Organisation Data Service code: 3 to 10 capital letters and digits."""

    __slots__ = ()
    _FORM = re.compile(r"[A-Z0-9]{3,10}")

    @classmethod
    def read(cls, text: str) -> OdsCode | None:
        """The code in ``text``, or None where it is not of that form."""
        code = text.strip().upper()
        return cls(code) if cls._FORM.fullmatch(code) else None


class Ubrn(str):
    """A Unique Booking Reference Number of the e-Referral Service: twelve digits."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Ubrn | None:
        """The number in ``text`` (blanks allowed), or None where there are not twelve digits."""
        digits = text.replace(" ", "")
        return cls(digits) if len(digits) == 12 and digits.isascii() and digits.isdigit() else None
