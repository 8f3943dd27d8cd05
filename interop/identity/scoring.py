"""How likely two Patients are one person: a table of weights, summed (a rule of thumb; no probability).

| compared | agrees | nearly | differs |
|---|---|---|---|
| NHS number | +0.50 | | -0.50 |
| another identifier of one system | +0.30 | | |
| date of birth | +0.20 | +0.08 | -0.25 |
| family name | +0.15 | +0.08 | -0.15 |
| first given name | +0.10 | +0.06 | -0.05 |
| postcode | +0.08 | +0.03 | -0.02 |
| gender | +0.04 | | -0.10 |
| telephone or e-mail | +0.05 | | |

What either side does not say counts nothing. The sum is held between 0 and 1. ``certain`` needs a valid NHS number that agrees,
date of birth and family name that agree, and nothing that differs but the postcode; ``probable`` is 0.45 and more, ``possible``
0.20 and more, the rest ``certainly-not`` (FHIR R4, match-grade).
"""

from __future__ import annotations

import unicodedata
from typing import Any, Final, NamedTuple

from interop.ids import NHS_NUMBER, NhsNumber, Standing

Patient = dict[str, Any]
AGREES, NEARLY, DIFFERS = "agrees", "nearly", "differs"

WEIGHTS: Final[dict[str, dict[str, float]]] = {
    "nhs-number": {AGREES: 0.50, DIFFERS: -0.50},
    "identifier": {AGREES: 0.30},
    "birth-date": {AGREES: 0.20, NEARLY: 0.08, DIFFERS: -0.25},
    "family": {AGREES: 0.15, NEARLY: 0.08, DIFFERS: -0.15},
    "given": {AGREES: 0.10, NEARLY: 0.06, DIFFERS: -0.05},
    "postcode": {AGREES: 0.08, NEARLY: 0.03, DIFFERS: -0.02},
    "gender": {AGREES: 0.04, DIFFERS: -0.10},
    "telecom": {AGREES: 0.05},
}
PROBABLE: Final = 0.45
POSSIBLE: Final = 0.20
MAY_DIFFER: Final = frozenset(("postcode",))
"""What may differ between records that are certainly one person's: people move."""


class Score(NamedTuple):
    """``value`` from 0 to 1, ``grade`` of FHIR's match-grade, and how each compared element came out."""

    value: float
    grade: str
    compared: dict[str, str]


def score(a: Patient, b: Patient, *, test_numbers: bool = False) -> Score:
    """Compare two Patients; ``test_numbers``: numbers of the 999 range count as valid. Symmetric and pure."""
    compared = {
        "nhs-number": _one_of(_numbers(a, test_numbers), _numbers(b, test_numbers)),
        "identifier": AGREES if _identifiers(a) & _identifiers(b) else "",
        "birth-date": _dates(str(a.get("birthDate", "")), str(b.get("birthDate", ""))),
        "family": _best(_names(a, "family"), _names(b, "family")),
        "given": _best(_names(a, "given"), _names(b, "given")),
        "postcode": _postcodes(_places(a), _places(b)),
        "gender": _genders(a.get("gender"), b.get("gender")),
        "telecom": AGREES if _contacts(a) & _contacts(b) else "",
    }
    compared = {name: how for name, how in compared.items() if how}
    value = round(min(max(sum(WEIGHTS[name].get(how, 0.0) for name, how in compared.items()), 0.0), 1.0), 4)
    return Score(value, _grade(value, compared), compared)


def _grade(value: float, compared: dict[str, str]) -> str:
    sure = all(compared.get(name) == AGREES for name in ("nhs-number", "birth-date", "family"))
    if sure and not any(how == DIFFERS and name not in MAY_DIFFER for name, how in compared.items()):
        return "certain"
    return "probable" if value >= PROBABLE else "possible" if value >= POSSIBLE else "certainly-not"


def _numbers(patient: Patient, test_numbers: bool) -> set[str]:
    allowed = (Standing.USABLE, Standing.TEST) if test_numbers else (Standing.USABLE,)
    read = (NhsNumber.read(value) for system, value in _pairs(patient) if system == NHS_NUMBER)
    return {str(number) for number in read if number is not None and number.standing in allowed}


def _identifiers(patient: Patient) -> set[tuple[str, str]]:
    return {(system, value) for system, value in _pairs(patient) if system and system != NHS_NUMBER}


def _pairs(patient: Patient) -> list[tuple[str, str]]:
    return [(str(each.get("system", "")), str(each["value"])) for each in _listed(patient, "identifier") if each.get("value")]


def _names(patient: Patient, part: str) -> set[str]:
    """Every family name; of each name the first given one."""
    found = set()
    for name in _listed(patient, "name"):
        said = name.get(part)
        first = said[0] if isinstance(said, list) and said else said
        if isinstance(first, str) and (plain := _plain(first)):
            found.add(plain)
    return found


def _places(patient: Patient) -> set[str]:
    return {plain for each in _listed(patient, "address") if (plain := _plain(str(each.get("postalCode", ""))))}


def _contacts(patient: Patient) -> set[str]:
    return {_plain(str(each["value"])) for each in _listed(patient, "telecom") if each.get("value")} - {""}


def _listed(patient: Patient, name: str) -> list[dict[str, Any]]:
    found = patient.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _plain(text: str) -> str:
    """Letters and digits without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())


def _one_of(a: set[str], b: set[str]) -> str:
    return "" if not a or not b else AGREES if a & b else DIFFERS


def _best(a: set[str], b: set[str]) -> str:
    if not a or not b or a & b:
        return _one_of(a, b)
    return NEARLY if any(_near(one, other) for one in a for other in b) else DIFFERS


def _near(a: str, b: str) -> bool:
    """An initial, the beginning of a longer name, or one letter put in, left out, changed or swapped with its neighbour."""
    short, long = sorted((a, b), key=len)
    if long.startswith(short) and (len(short) == 1 or len(short) > 2):
        return True
    if len(long) - len(short) > 1 or len(short) < 3:
        return False
    place = next((place for place, pair in enumerate(zip(short, long, strict=False)) if pair[0] != pair[1]), len(short))
    rest = short[place:], long[place:]
    if len(short) != len(long):
        return rest[0] == rest[1][1:]
    swapped = rest[0][:2] == rest[1][:2][::-1] and rest[0][2:] == rest[1][2:]
    return rest[0][1:] == rest[1][1:] or swapped


def _dates(a: str, b: str) -> str:
    """Nearly: one of year, month and day differs, day and month are swapped, or one side says less."""
    if not a or not b or a == b:
        return AGREES if a and len(a) == 10 else NEARLY if a and a == b else ""
    one, other = a.split("-"), b.split("-")
    if len(one) != 3 or len(other) != 3:
        return NEARLY if a.startswith(b) or b.startswith(a) else DIFFERS
    same = sum(x == y for x, y in zip(one, other, strict=True))
    swapped = one[0] == other[0] and one[1:] == other[:0:-1]
    return NEARLY if same == 2 or swapped else DIFFERS


def _postcodes(a: set[str], b: set[str]) -> str:
    """Nearly: the same outward code."""
    if not a or not b or a & b:
        return _one_of(a, b)
    return NEARLY if {each[:-3] for each in a} & {each[:-3] for each in b} - {""} else DIFFERS


def _genders(a: Any, b: Any) -> str:
    if a not in ("male", "female") or b not in ("male", "female"):
        return ""
    return AGREES if a == b else DIFFERS
