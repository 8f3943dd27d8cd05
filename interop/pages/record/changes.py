"""What a stay in hospital did to the medicines, as ``$medication-changes`` tells it: before and after side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from interop.api.operations.telling_medicines import EXTENSION, SAID
from interop.fhir.shapes import Json, chosen, dicts, text
from interop.pages.record.asking import Known
from interop.pages.record.narratives import blocks
from interop.screen.words import day, moment

STANDING: Final = {
    "taking": "", "on-hold": "On hold: not to be taken for now", "stopped": "Stopped", "finished": "Finished", "given": "",
    "unsure": "Not clear whether it is taken",
}  # fmt: skip
HOW: Final = {"added": "Added", "amended": "Amended", "continued": "Continued", "on-hold": "Put on hold", "stopped": "Stopped"}
"""The source's own word for what changed."""
MATCHED: Final = "Matched by words, not by a code: make sure that it is one medicine."
CONFLICT: Final = "Sources do not agree: all that they say is shown."
ASIDE: Final = "aside"
BESIDE: Final = ("during", "later", "undated")
"""Sides that are told under before and after."""


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody says: ``words`` how it is taken, ``standing`` and ``how`` beside it, ``who`` and ``when`` under it."""

    words: str
    standing: str
    how: str
    notes: tuple[str, ...]
    who: str
    when: str


@dataclass(frozen=True, slots=True)
class Change:
    """A medicine. ``beside``: what was given meanwhile or is said since, each under its own title."""

    name: str
    conflict: bool
    notes: tuple[str, ...]
    reasons: tuple[str, ...]
    before: tuple[Told, ...]
    after: tuple[Told, ...]
    beside: tuple[tuple[str, tuple[Told, ...]], ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """``kinds`` are titles with their medicines, those that have any; ``none`` says why there are none at all. ``began`` and
    ``ended``: the stay, in words. ``aside``: what says nothing of a change, and why."""

    began: str
    ended: str
    kinds: tuple[tuple[str, tuple[Change, ...]], ...]
    none: str
    aside: tuple[str, ...]


def organisations(bundle: Json) -> set[str]:
    """The codes of those who say anything."""
    return {
        text(part, "valueString")
        for section in _sections(bundle)
        for line in dicts(section, "section")
        for told in _extensions(line, "told")
        for part in dicts(told, "extension")
        if text(part, "url") == "source"
    }


def changes(bundle: Json, known: Known) -> Changes:
    """The Composition of ``$medication-changes`` as it is shown."""
    event = next(iter(dicts(_composition(bundle), "event")), {})
    period = event.get("period")
    sections = _sections(bundle)
    kinds = [(text(each, "title"), tuple(_change(line, known) for line in dicts(each, "section"))) for each in sections]
    none = next((text(each.get("emptyReason"), "text") for each in sections if each.get("emptyReason")), "")
    return Changes(
        moment(text(period, "start")) if text(period, "start") else "",
        moment(text(period, "end")) if text(period, "end") else "",
        tuple((title, lines) for title, lines in kinds if lines),
        none,
        tuple(_aside(sections, bundle, known)),
    )


def _composition(bundle: Json) -> Json:
    found = [each.get("resource") for each in dicts(bundle, "entry")]
    return next((each for each in found if text(each, "resourceType") == "Composition" and isinstance(each, dict)), {})


def _sections(bundle: Json) -> list[Json]:
    return dicts(_composition(bundle), "section")


def _extensions(line: Json, name: str) -> list[Json]:
    return [each for each in dicts(line, "extension") if text(each, "url") == f"{EXTENSION}{name}"]


def _values(line: Json, name: str) -> list[Any]:
    return [value[1] for each in _extensions(line, name) if (value := chosen(each, "value")) is not None]


def _change(line: Json, known: Known) -> Change:
    name = text(line, "title")
    sides: dict[str, list[Told]] = {}
    for each in _extensions(line, "told"):
        parts = _parts(each)
        side = sides.setdefault(parts.get("side", [""])[0], [])
        if (told := _told(parts, name, known)) not in side:  # a prescription and what is taken by it say one thing
            side.append(told)
    notes = [str(each) for each in _values(line, "note")]
    if "words" in _values(line, "matched"):
        notes.append(MATCHED)
    conflict = True in _values(line, "conflict")
    return Change(
        name,
        conflict,
        tuple(each for each in notes if not (conflict and each.startswith("Sources do not agree"))),
        tuple(str(each) for each in _values(line, "reason")),
        tuple(sides.get("before", ())),
        tuple(sides.get("after", ())),
        tuple((SAID[each], tuple(sides[each])) for each in BESIDE if each in sides),
    )


def _parts(told: Json) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in dicts(told, "extension"):
        value = chosen(each, "value")
        if value is not None and isinstance(value[1], str):
            found.setdefault(text(each, "url"), []).append(value[1])
    return found


def _told(parts: dict[str, list[str]], name: str, known: Known) -> Told:
    def of(key: str) -> str:
        return parts.get(key, [""])[0]

    measured = " ".join(dict.fromkeys(filter(None, (of("dose"), of("frequency"), of("route")))))
    said = [of("name") if of("name") != name else "", of("directions") or measured, of("patient-instruction")]
    who = [of("author"), known.organisation(of("source")) if of("source") else ""]
    return Told(
        ". ".join(filter(None, said)) or "How it is taken is not said",
        STANDING.get(of("standing"), of("standing")),
        HOW.get(of("said"), of("said")),
        tuple(filter(None, (of("amendment"), *parts.get("note", ())))),
        ", ".join(filter(None, who)) or "Author not told",
        day(of("date")) if of("date") else "no date",
    )


def _aside(sections: Iterable[Json], bundle: Json, known: Known) -> list[str]:
    """Each with what it is called."""
    resources = [each["resource"] for each in dicts(bundle, "entry") if isinstance(each.get("resource"), dict)]
    held = {f"{text(each, 'resourceType')}/{text(each, 'id')}": each for each in resources}
    found = []
    for section in sections:
        if any(text(each, "code") == ASIDE for each in dicts(section.get("code"), "coding")):
            lines = [item for each in blocks(text(section.get("text"), "div")) for item in each.items]
            for line in lines:
                reference, _, why = line.partition(": ")
                medicine = chosen(held.get(reference, {}), "medication")
                called = known.words.of(medicine[1]) if medicine is not None else ""
                found.append(f"{called or 'A medicine'}: {why}")
    return list(dict.fromkeys(found))
