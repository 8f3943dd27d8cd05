"""What became of one medicine, from what is said of it before and after."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Final

from interop.careplan.medicines import directions, measures
from interop.careplan.medicines.naming import near
from interop.careplan.medicines.reading import AS_TODAY
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
from interop.careplan.words import UNREAD

COMPARED: Final = ("strength", "dose", "frequency", "route", "form")
DIRECTIONS: Final = "directions"
"""Stands for words that are other words and may mean the same."""
STATUS: Final = "status"
ENDED: Final = frozenset((STOPPED, FINISHED))
BY_LIST: Final = "The hospital's list of all medicines at discharge does not have it."
MAYBE: Final = "The hospital names a medicine that may be the same in other words."
SILENT: Final = "What the hospital has sent does not say what became of it."
NO_LETTER: Final = "Nothing that the hospital says of medicines at discharge is here."
NEW_OR_NOT: Final = (
    "The hospital lists it and does not say that it is new. Nobody whose record is here says that it was taken before."
)
BY_DATES: Final = "By its dates it was begun in the stay. Nobody whose record is here says that it was taken before."
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
        return kind, (), torn, note
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
    undated = any(each.standing == TAKING for each in _side(told, UNDATED))
    kind, differs, against, note = _going([*before, *ended], going, replaced=bool(ended), undated=undated)
    if not note and before and all(AS_TODAY in each.origin.notes for each in before):
        kind, note = (NOT_KNOWN if kind == UNCHANGED and not _said(going, CONTINUED) else kind), AS_TODAY
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
        return NOT_KNOWN, BY_LIST
    return NOT_KNOWN, SILENT if stay.letters else NO_LETTER


def _said(told: Iterable[Told], word: str) -> bool:
    return any(each.said == word for each in told)


def _going(before: list[Told], after: list[Told], *, replaced: bool, undated: bool) -> tuple[str, tuple[str, ...], bool, str]:
    """Of what the hospital says goes on: kind, what differs, whether its own word is against it, and a note. ``undated``:
    somebody says that it is taken and not since when."""
    said = {each.said for each in after}
    held, paused = ({each.standing == HELD for each in side} for side in (after, before))
    if True in held:
        same = held == paused == {True}
        return (UNCHANGED if same else CHANGED), (() if same else (STATUS,)), len(held) > 1, ""
    if not before:
        if ADDED in said:
            return STARTED, (), bool(said & {AMENDED, CONTINUED}), ""
        if AMENDED in said:
            return CHANGED, (), CONTINUED in said, ""
        if CONTINUED in said:
            return UNCHANGED, (), False, ""
        if undated:
            return NOT_KNOWN, (), False, NO_DATE
        return (STARTED, (), False, BY_DATES) if all(each.begun for each in after) else (NOT_KNOWN, (), False, NEW_OR_NOT)
    sure, words = _differences(before, after)
    if ADDED in said:
        return STARTED, sure, not replaced, ""
    if paused == {True}:  # what was on hold is taken again
        return CHANGED, (STATUS, *sure), CONTINUED in said, ""
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
    return tuple(name for name in COMPARED if _apart(name, one, other))


def _apart(name: str, one: Told, other: Told) -> bool | None:
    """Whether both say this and say it differently: None where nobody can tell."""
    first, second = getattr(one, name), getattr(other, name)
    return _APART[name](first, second) if first and second else False


def unlike(one: Told, other: Told) -> bool:
    """Whether something is said in other words, of which nobody can say that they mean another."""
    if any(_apart(name, one, other) is None for name in COMPARED) or UNREAD in one.directions + other.directions:
        return True
    if not one.directions or not other.directions or (one.dose and other.dose and one.frequency and other.frequency):
        return False
    return directions.read(one.directions).words != directions.read(other.directions).words


def _all_told(before: list[Told], after: list[Told]) -> bool:
    """Whether everybody says how it is taken."""
    return all(any(each.directions for each in side) for side in (before, after))


_APART: Final = {
    "strength": measures.strengths, "dose": measures.doses, "frequency": measures.frequencies, "route": measures.routes,
    "form": measures.forms,
}  # fmt: skip

__all__ = ["change"]
