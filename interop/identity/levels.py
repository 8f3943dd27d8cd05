"""How two Patients compare, field by field: each field comes out at one level, a name of the tables. Pure and symmetric."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import product
from typing import Final

from rapidfuzz.distance import OSA, JaroWinkler

from interop.identity.known import Known
from interop.identity.names import canonical, metaphone, parts, plain

MISSING: Final = "missing"
DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "number": ("verified", "traced", "alone", "elsewhere", "unstated", "unverified", "transposed", "other", "differs", MISSING),
    "birth": ("exact", "swapped", "typo", "part", "near", "differs", MISSING),
    "family": ("exact", "typo", "part", "swapped", "sounds", "close", "differs", MISSING),
    "given": (
        "exact",
        "nickname",
        "initial",
        "typo",
        "swapped",
        "reordered",
        "variant",
        "middle",
        "sounds",
        "close",
        "differs",
        MISSING,
    ),
    "postcode": ("exact", "outward", "differs", MISSING),
    "address": ("exact", "close", "differs", MISSING),
    "gender": ("exact", "differs", MISSING),
    "telecom": ("exact", "differs", MISSING),
    "identifier": ("exact", MISSING),
}
"""The levels of each field, nearest first; of several names the nearest two count."""
CLOSE_FAMILY: Final = 0.90
CLOSE_GIVEN: Final = 0.88
CUT_OFF: Final = 8
"""Letters from which a name may be a longer one that a field had no room for."""
CLOSE_ADDRESS: Final = 0.90
Compare = Callable[[str, str], str]


def compared(a: Known, b: Known) -> dict[str, str]:
    """The level of every field."""
    return {
        **linking_levels(a, b),
        "postcode": _nearest("postcode", a.postcodes, b.postcodes, _postcodes),
        "address": _nearest("address", a.lines, b.lines, _lines),
        "telecom": _nearest("telecom", a.telecoms, b.telecoms, _equal),
        "identifier": "exact" if a.identifiers & b.identifiers else MISSING,
    }


def linking_levels(a: Known, b: Known) -> dict[str, str]:
    """The levels of what rules.csv goes by."""
    swapped = bool(a.families & b.given and a.given & b.families)
    family = _nearest("family", a.families, b.families, _families)
    given = _given(a, b)
    if swapped and "exact" not in (family, given):
        family = given = "swapped"
    return {
        "number": _numbers(a, b),
        "birth": _births(a.birth, b.birth),
        "family": family,
        "given": given,
        "gender": MISSING if not a.gender or not b.gender else "exact" if a.gender == b.gender else "differs",
    }


def slip(a: str, b: str) -> bool:
    """One character put in, left out or changed, or two neighbours swapped."""
    return abs(len(a) - len(b)) < 2 and OSA.distance(a, b, score_cutoff=1) <= 1


def _nearest(field: str, a: Iterable[str], b: Iterable[str], compare: Compare) -> str:
    order = FIELDS[field]
    return min((compare(one, other) for one, other in product(a, b)), key=order.index, default=MISSING)


def _equal(a: str, b: str) -> str:
    return "exact" if a == b else "differs"


def _numbers(a: Known, b: Known) -> str:
    if not a.number or not b.number:
        slips = any(one and other and slip(one, other) for one, other in ((a.number, b.mistyped), (b.number, a.mistyped)))
        return "transposed" if slips else MISSING
    stated = {a.status, b.status}
    if a.number != b.number:
        return "other" if stated <= {"v", "p"} else "differs"
    if "p" in stated and stated & {"n", ""}:
        return "traced" if _lives_there(*((a, b) if a.status == "p" else (b, a))) else "elsewhere"
    if "n" in stated:
        return "unverified"
    if a.alone != b.alone and stated <= {"v", "p"}:
        return "alone"
    return "verified" if stated <= {"v", "p"} else "unstated"


def _lives_there(national: Known, other: Known) -> bool:
    """Whether the national service has a postcode of the other's; it tells none of whoever is restricted."""
    return not national.postcodes or bool(national.postcodes & other.postcodes)


def _births(a: str, b: str) -> str:
    if not a or not b:
        return MISSING
    if not DAY.fullmatch(a) or not DAY.fullmatch(b):
        return "part" if a.startswith(b) or b.startswith(a) else "differs"
    if a == b:
        return "exact"
    one, other = a.split("-"), b.split("-")
    if one[0] == other[0] and one[1:] == other[:0:-1]:
        return "swapped"
    if slip("".join(one), "".join(other)):
        return "typo"
    return "near" if sum(x == y for x, y in zip(one, other, strict=True)) == 2 else "differs"


def _families(a: str, b: str) -> str:
    one, other = plain(a), plain(b)
    if one == other:
        return "exact"
    if min(len(one), len(other)) > 3 and slip(one, other):
        return "typo"
    mine, theirs = parts(a), parts(b)
    if (len(mine) > 1 or len(theirs) > 1) and any(len(each) > 2 for each in mine & theirs):
        return "part"
    if metaphone(one) == metaphone(other) != "":
        return "sounds"
    return "close" if JaroWinkler.similarity(one, other) >= CLOSE_FAMILY else "differs"


def _given(a: Known, b: Known) -> str:
    found = _nearest("given", a.given, b.given, _givens)
    if found in ("differs", "close", "sounds") and (a.given & b.middle or a.middle & b.given):
        return "reordered" if a.middle and b.middle and _all_names(a) == _all_names(b) else "middle"
    return found


def _all_names(known: Known) -> frozenset[str]:
    """First and further names, each by itself."""
    return frozenset(
        name for name in known.given | known.middle if not any(name == one + other for one in known.given for other in known.middle)
    )


def _givens(a: str, b: str) -> str:
    if a == b:
        return "exact"
    mine, theirs = canonical(a), canonical(b)
    if mine & theirs:
        return "variant" if a in mine and b in theirs else "nickname"
    short, long = sorted((a, b), key=lambda name: (len(name), name))
    if len(short) == 1:
        return "initial" if long.startswith(short) else "differs"
    if bool(mine) != bool(theirs):
        if len(short) >= CUT_OFF and long.startswith(short) and canonical(long):
            return "initial"
        if len(short) > 4 and short[0] == long[0] and slip(a, b):
            return "typo"
    if metaphone(a) == metaphone(b) != "":
        return "sounds"
    near = (len(short) > 2 and slip(a, b)) or JaroWinkler.similarity(a, b) >= CLOSE_GIVEN
    return "close" if near else "differs"


def _postcodes(a: str, b: str) -> str:
    return "exact" if a == b else "outward" if len(a) > 4 and len(b) > 4 and a[:-3] == b[:-3] else "differs"


def _lines(a: str, b: str) -> str:
    return "exact" if a == b else "close" if JaroWinkler.similarity(a, b) >= CLOSE_ADDRESS else "differs"
