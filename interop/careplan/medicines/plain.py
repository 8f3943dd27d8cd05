"""The changes in everyday words, for the person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from interop.careplan.medicines.comparing import BY_DATES, BY_LIST
from interop.careplan.medicines.directions import everyday, spelled
from interop.careplan.medicines.values import (
    AFTER,
    BEFORE,
    CHANGED,
    HELD,
    NOT_KNOWN,
    STARTED,
    STOPPED,
    TAKING,
    UNCHANGED,
    Change,
    Told,
)

TITLES: Final = {
    STARTED: "New medicines",
    STOPPED: "Medicines that were stopped",
    CHANGED: "Medicines that were changed",
    UNCHANGED: "Medicines that stay the same",
    NOT_KNOWN: "Medicines that we are not sure about",
}
ASK: Final = "Ask your pharmacist or doctor."
ASK_HOW: Final = "Ask your pharmacist or doctor how to take it."
NOT_LISTED: Final = "The hospital's list of your medicines does not have it."
NOT_SURE: Final = "The record does not tell us what you should do with this medicine. Do not change anything yourself."
DISAGREE: Final = "People who look after you have written different things about this medicine. Do not change anything yourself."


def sentence(change: Change) -> str:
    """What became of a medicine, for the person who takes it: whole sentences without short forms of clinicians."""
    if change.conflict:
        return f"{DISAGREE} {ASK}"
    match change.kind:
        case "started":
            new = "By its dates this is new." if change.note == BY_DATES else "This is new."
            said = [f"{new} {_how(change.of(AFTER))}"]
        case "stopped":
            said = ["This was stopped. Do not take it any more."]
        case "changed" | "unchanged" if any(each.standing == HELD for each in change.of(AFTER)):
            said = [f"Do not take this for now. {ASK}"]
        case "changed":
            said = [*_before(change.of(BEFORE)), f"This has changed. {_how(change.of(AFTER))}"]
        case "unchanged":
            said = [f"Go on with this as before. {_how(change.of(AFTER))}"]
        case _:
            return f"{NOT_LISTED} {NOT_SURE} {ASK}" if change.note == BY_LIST else f"{NOT_SURE} {ASK}"
    why = [everyday(reason) for reason in change.reasons]
    return " ".join([*said, *(f"The reason: {reason}." for reason in why if reason)])


def name(change: Change) -> str:
    """What the medicine is called, with short forms written out."""
    return spelled(change.name)


def _before(told: Iterable[Told]) -> list[str]:
    found = dict.fromkeys(f"{spelled(each.name)}{f', {words}' if (words := _words(each)) else ''}" for each in told)
    return [f"Before: {'; '.join(found)}."] if found else []


def _how(told: Iterable[Told]) -> str:
    taken = [each for each in told if each.standing == TAKING]
    found = list(dict.fromkeys(_words(each) for each in taken))
    if not found or "" in found:
        return ASK_HOW
    return f"How to take it: {'; '.join(found)}."


def _words(told: Told) -> str:
    parts = [everyday(each) for each in (told.directions, told.plain) if each]
    return ", ".join(dict.fromkeys(part.rstrip(". ") for part in parts)) if parts and all(parts) else ""
