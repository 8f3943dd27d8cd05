"""Whether a pair that is not linked is for people to decide, and why."""

from __future__ import annotations

from typing import Final, NamedTuple

from interop.identity.known import Known
from interop.identity.rules import APART, CONFLICT, LINK, QUEUE, rule_of
from interop.identity.scoring import Score, score_known

MERGED: Final = "merged"
WHYS: Final = {
    "conflict": "One NHS number, and another birth date or given name: a number is wrong, or a birth date or name is.",
    "withdrawn": "The national service has withdrawn the number of one: the other has taken its place, or the number is nobody's.",
    "number": "The NHS number agrees; it is not verified on both sides, or not enough else is known or agrees.",
    "agrees": "They agree, but a third record with this number speaks against one of them, or a client of the API wrote one.",
    MERGED: "A source has merged one into the other, and into somebody else too, or a decision of people speaks against it.",
    "likeness": "The numbers do not tell; names, birth date and address are alike.",
}
_NUMBERED: Final = {CONFLICT: "conflict", QUEUE: "number", LINK: "agrees"}


class Judged(NamedTuple):
    """``why`` of WHYS, '' where nobody needs to look at the pair."""

    why: str
    score: Score


def judged(a: Known, b: Known) -> Judged:
    """What becomes of a pair that is not linked. Symmetric and pure."""
    score = score_known(a, b)
    if (a.number and a.number in b.former) or (b.number and b.number in a.former):
        return Judged("withdrawn", score)
    verdict = rule_of(a, b).verdict
    if verdict in _NUMBERED:
        return Judged(_NUMBERED[verdict], score)
    return Judged("" if verdict == APART or score.grade == "certainly-not" else "likeness", score)
