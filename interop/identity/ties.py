"""What sources say of two Patients as a pair: that the one was merged into the other (A40), or that both are one person (A24).

As text: ``merge:a`` where the first of the pair was retired, ``merge:b`` where the second was, ``merge:ab`` where each was said,
``link``, or '' for nothing; ``merge`` alone, of an earlier version, does not tell who. A merge is not taken back by a link that is
undone, so that it does not matter which of the two is told first.
"""

from __future__ import annotations

from interop.identity.grouping import Pair

LINK, MERGE = "link", "merge"


def with_merge(tie: str, key: Pair, retired: str) -> str:
    """What is said of a pair once ``retired`` was merged into the other."""
    sides = {*tie.partition(":")[2], "ab"[key.index(retired)]}
    return f"{MERGE}:{''.join(sorted(sides))}"


def with_link(tie: str, linked: bool) -> str:
    """What is said of a pair once the two were linked, or the link was undone."""
    return tie if tie.startswith(MERGE) else LINK if linked else ""


def merges(key: Pair, tie: str) -> list[Pair]:
    """Who of a pair was retired, and into whom."""
    a, b = key
    return [two for side, two in (("a", (a, b)), ("b", (b, a))) if side in tie.partition(":")[2]]
