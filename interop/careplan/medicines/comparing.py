"""What became of one medicine, from what is said of it before and after."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Final

from interop.careplan.medicines import directions
from interop.careplan.medicines.naming import near
from interop.careplan.medicines.values import (
    ADDED,
    AFTER,
    AMENDED,
    BEFORE,
    CHANGED,
    CONTINUED,
    DURING,
    FINISHED,
    HELD,
    LATER,
    NOT_KNOWN,
    STARTED,
    STOPPED,
    TAKING,
    UNCHANGED,
    UNDATED,
    UNSURE,
    Change,
    Stay,
    Told,
)  # fmt: skip

COMPARED: Final = ("strength", "dose", "frequency", "route", "form")
DIRECTIONS: Final = "directions"
"""Stands for words that are other words and may mean the same."""
STATUS: Final = "status"
ENDED: Final = frozenset((STOPPED, FINISHED))
BY_LIST: Final = "The hospital's list of all medicines at discharge does not have it."
MAYBE: Final = "The hospital names a medicine that may be the same in other words."
SILENT: Final = "What the hospital has sent does not say what became of it."
NO_LETTER: Final = "Nothing that the hospital says of medicines at discharge is here."
NEW_OR_NOT: Final = "The hospital lists it and does not say that it is new. Nobody says that it was taken before."
NO_DIRECTIONS: Final = "It goes on. Whether it is taken as before is not said."
OTHER_WORDS: Final = "It goes on. How to take it is said in other words: compare them."
GIVEN_ONLY: Final = "It was given in hospital. Whether it goes on is not said."
DISAGREE: Final = "Those who say so do not agree: all that they say is shown."
NO_DATE: Final = "Nobody says when this held."
NOT_CLEAR: Final = "Its status does not tell whether it is taken."


def change(told: tuple[Told, ...], by: str, stay: Stay, after: Iterable[str]) -> Change:
    """What became of a medicine; ``after`` are the names of all that the hospital says is taken at discharge."""
    told = tuple(sorted(told, key=lambda each: each.order))
    kind, differs, conflict, note = _judged(told, stay, after)
    now = _side(told, AFTER) or _side(told, BEFORE) or told
    name = min((each for each in now), key=lambda each: (each.standing in ENDED, each.order)).name
    return Change(name, kind, by, told, differs, conflict, note)


def _side(told: Iterable[Told], side: str) -> list[Told]:
    return [each for each in told if each.side == side]


def _judged(told: tuple[Told, ...], stay: Stay, names: Iterable[str]) -> tuple[str, tuple[str, ...], bool, str]:
    before, after, later = (_side(told, side) for side in (BEFORE, AFTER, LATER))
    torn = any(one.origin.source != other.origin.source and certain(one, other) for one, other in product(before, before))
    if not after:
        kind, note = _absent(told, before, stay, names)
        return kind, (), torn or (kind == STOPPED and any(each.standing not in ENDED for each in later)), note
    ended = [each for each in after if each.standing in ENDED]
    going = [each for each in after if each.standing in (TAKING, HELD)]
    if not going and len(ended) < len(after):
        return NOT_KNOWN, (), torn, NOT_CLEAR
    if not going:
        return STOPPED, (), torn or any(each.standing not in ENDED for each in later), ""
    if ended and not any(
        one.strength and other.strength and one.strength != other.strength for one, other in product(ended, going)
    ):
        return NOT_KNOWN, (), True, DISAGREE
    apart = any(one.origin.source != other.origin.source and certain(one, other) for one, other in product(going, going))
    since = any(each.standing in ENDED or _moved(going, each) for each in later)
    kind, differs, against, note = _going([*before, *ended], going, replaced=bool(ended))
    return kind, differs, torn or apart or since or against, note


def _moved(going: list[Told], since: Told) -> bool:
    return all(certain(each, since) for each in going)


def _absent(told: tuple[Told, ...], before: list[Told], stay: Stay, names: Iterable[str]) -> tuple[str, str]:
    """Of what the hospital does not name at discharge."""
    if not before:
        return NOT_KNOWN, GIVEN_ONLY if _side(told, DURING) else NO_DATE if _side(told, UNDATED) else SILENT
    if any(near(each.name, name) for each in before for name in names):
        return NOT_KNOWN, MAYBE
    if stay.complete:
        return STOPPED, BY_LIST
    return NOT_KNOWN, SILENT if stay.letters else NO_LETTER


def _going(before: list[Told], after: list[Told], *, replaced: bool) -> tuple[str, tuple[str, ...], bool, str]:
    """Of what the hospital says goes on: kind, what differs, whether its own word is against it, and a note."""
    said = {each.said for each in after}
    if any(each.standing == HELD for each in after):
        return (CHANGED, (STATUS,), len({each.standing for each in after}) > 1, "")
    if not before:
        if ADDED in said or (not said & {AMENDED, CONTINUED} and all(each.begun for each in after)):
            return STARTED, (), len(said & {ADDED, AMENDED, CONTINUED}) > 1, ""
        if AMENDED in said:
            return CHANGED, (), False, ""
        return (UNCHANGED, (), False, "") if CONTINUED in said else (NOT_KNOWN, (), False, NEW_OR_NOT)
    sure, words = _differences(before, after)
    if ADDED in said:
        return STARTED, sure, not replaced, ""
    if AMENDED in said or sure or replaced:
        return CHANGED, sure or words, CONTINUED in said and AMENDED not in said, ""
    if CONTINUED in said:
        return UNCHANGED, words, False, ""
    if any(each.standing == UNSURE for each in before):
        return NOT_KNOWN, words, False, NOT_CLEAR
    if words:
        return NOT_KNOWN, words, False, OTHER_WORDS
    return (UNCHANGED, (), False, "") if _all_told(before, after) else (NOT_KNOWN, (), False, NO_DIRECTIONS)


def _differences(before: list[Told], after: list[Told]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is another for certain, and what is but said in other words; what has its like on the other side is neither."""
    sure: list[str] = []
    words = False
    for side, others in ((after, before), (before, after)):
        for one in side:
            found = [(certain(one, other), unlike(one, other)) for other in others]
            if any(not certainly and not loosely for certainly, loosely in found):
                continue
            nearest = min(found, key=lambda each: (len(each[0]), each[0]))
            sure += nearest[0]
            words = words or nearest[1]
    return tuple(name for name in COMPARED if name in sure), (DIRECTIONS,) if words and not sure else ()


def certain(one: Told, other: Told) -> tuple[str, ...]:
    """What both say and say differently."""
    return tuple(name for name in COMPARED if _apart(name, getattr(one, name), getattr(other, name)))


def _apart(name: str, one: str, other: str) -> bool:
    if not one or not other:
        return False
    first, second = _plain(one), _plain(other)
    if name == "dose" and _unit(first) != _unit(second):
        return False  # one tablet and 5 mg may be the same
    return first != second


def unlike(one: Told, other: Told) -> bool:
    """Whether directions are in other words, of which nobody can say that they mean another."""
    if not one.directions or not other.directions or _both(one, other):
        return False
    return directions.read(one.directions).words != directions.read(other.directions).words


def _both(one: Told, other: Told) -> bool:
    """Whether both are told by dose and frequency that can be compared."""
    return bool(one.dose and other.dose and one.frequency and other.frequency) and _unit(_plain(one.dose)) == _unit(
        _plain(other.dose)
    )


def _all_told(before: list[Told], after: list[Told]) -> bool:
    """Whether everybody says how it is taken."""
    return all(any(each.directions for each in side) for side in (before, after))


def _plain(said: str) -> str:
    return " ".join(said.casefold().split())


def _unit(said: str) -> str:
    return said.lstrip("0123456789.,< >=").rstrip("s")


__all__ = ["change"]
