"""How likely two Patients are one person: weights of a table (weights.csv), summed, and the probability that follows.

``certain`` needs one valid NHS number, birth date and family name that agree, and nothing that differs but where and how people are
reached; ``probable`` is 0.95 and more, ``possible`` 0.05 and more, the rest ``certainly-not`` (FHIR R4, match-grade).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from interop.identity.known import Known, known_of
from interop.identity.levels import MISSING, compared
from interop.identity.weights import weights

PROBABLE: Final = 0.95
POSSIBLE: Final = 0.05
MAY_DIFFER: Final = frozenset(("postcode", "address", "telecom"))
"""What may differ between records that are certainly one person's: people move."""
AGREEING_NUMBER: Final = frozenset(("verified", "alone", "unstated", "unverified"))


class Score(NamedTuple):
    """``value``: the probability, 0 to 1; ``grade`` of FHIR's match-grade; ``weight`` in bits; how each field ``compared``, those
    apart that a side does not say."""

    value: float
    grade: str
    weight: float
    compared: dict[str, str]


def score(a: dict[str, Any], b: dict[str, Any], *, test_numbers: bool = False) -> Score:
    """Compare two Patients; ``test_numbers``: numbers of the 999 range count as valid. Symmetric and pure."""
    return score_known(known_of(a, test_numbers=test_numbers), known_of(b, test_numbers=test_numbers))


def score_known(a: Known, b: Known) -> Score:
    """As ``score``, of what has been read."""
    table = weights()
    levels = {field: level for field, level in compared(a, b).items() if level != MISSING}
    weight = round(sum(table.bits[pair] for pair in levels.items()), 4)
    value = round(probability(table.prior + weight), 4)
    return Score(value, _grade(value, levels), weight, levels)


def probability(bits: float) -> float:
    """Of odds in bits."""
    odds: float = 2.0 ** min(max(bits, -60.0), 60.0)
    return odds / (1 + odds)


def _grade(value: float, levels: dict[str, str]) -> str:
    sure = levels.get("number") in AGREEING_NUMBER and levels.get("birth") == levels.get("family") == "exact"
    same = levels.get("given", "exact") in ("exact", "nickname", "initial")
    if sure and same and not any(how == "differs" and field not in MAY_DIFFER for field, how in levels.items()):
        return "certain"
    return "probable" if value >= PROBABLE else "possible" if value >= POSSIBLE else "certainly-not"
