"""The changes of medicines as a Composition: a section a kind of change, in it a section a medicine."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any, Final

from interop.api.operations.composing import NONE
from interop.careplan.medicines import plain
from interop.careplan.medicines.comparing import DISAGREE
from interop.careplan.medicines.values import KINDS, SIDES, Change, Changes, Told
from interop.clock import instant

SYSTEM: Final = "urn:interop:codes:medication-change"
"""The code system of kinds of change, and of the Composition."""
EXTENSION: Final = "urn:interop:extension:medicine-"
"""Begins the URLs of the extensions."""
TITLE: Final = "Medicines before and after the stay in hospital"
YOURS: Final = "Your medicines after your stay in hospital"
NO_STAY: Final = "No stay in hospital is recorded"
TITLES: Final = {
    "started": "Started",
    "stopped": "Stopped",
    "changed": "Changed",
    "unchanged": "Unchanged",
    "not-known": "Not known",
}
SAID: Final = {
    "before": "Before",
    "during": "Given in hospital",
    "after": "At discharge",
    "later": "Since",
    "undated": "Without a date",
}
Json = dict[str, Any]


def composition(found: Changes, patient: str, id: str, now: int, everyday: bool, absent: Json | None) -> Json:
    """The Composition; ``everyday``: in words for the person alone. ``absent``: why nothing is shown where nothing is, None where
    nothing is said to be absent."""
    stay = found.stay
    encounters = sorted(stay.encounters) if stay is not None else []
    held: Json = {
        "resourceType": "Composition",
        "id": id,
        "status": "final",
        "type": {"coding": [{"system": SYSTEM, "code": "medication-changes"}], "text": TITLE},
        "subject": {"reference": f"Patient/{patient}"},
    }
    if encounters and not everyday:
        held["encounter"] = {"reference": encounters[0]}
    held |= {
        "date": instant(now),
        "author": [{"display": "Folded from the statements that it refers to"}],
        "title": YOURS if everyday else TITLE,
    }
    period = {name: said for name, said in (("start", stay.began), ("end", stay.ended)) if said} if stay is not None else {}
    if period:
        held["event"] = [{"period": period}]
    none = absent if absent is not None else NONE if stay is not None else {**NONE, "text": NO_STAY}
    held["section"] = [_kind(kind, found.of(kind), none, everyday) for kind in KINDS]
    if found.aside and not everyday:
        held["section"].append(_aside(found))
    return held


def unplaced(found: Changes) -> Changes:
    """The same without the organisations that say so: of a person who hides where they are."""
    lines = tuple(
        replace(line, told=tuple(replace(each, origin=replace(each.origin, source="", author="")) for each in line.told))
        for line in found.lines
    )
    return replace(found, lines=lines)


def _kind(kind: str, lines: tuple[Change, ...], none: Json, everyday: bool) -> Json:
    title = plain.TITLES[kind] if everyday else TITLES[kind]
    said = [f"{plain.name(each)}. {plain.sentence(each)}" if everyday else words(each) for each in lines]
    section: Json = {"title": title, "code": {"coding": [{"system": SYSTEM, "code": kind}], "text": title}}
    section["text"] = {"status": "generated", "div": _div(said, none["text"])}
    if lines:
        section["section"] = [_everyday(each) if everyday else _line(each) for each in lines]
    else:
        section["emptyReason"] = none
    return section


def _everyday(line: Change) -> Json:
    return {"title": plain.name(line), "text": {"status": "generated", "div": _div([plain.sentence(line)], "")}}


def _line(line: Change) -> Json:
    extensions: list[Json] = [{"url": f"{EXTENSION}matched", "valueCode": line.by}]
    if line.conflict:
        extensions.append({"url": f"{EXTENSION}conflict", "valueBoolean": True})
    extensions += [{"url": f"{EXTENSION}differs", "valueCode": each} for each in line.differs]
    extensions += [{"url": f"{EXTENSION}reason", "valueString": each} for each in line.reasons]
    if line.note:
        extensions.append({"url": f"{EXTENSION}note", "valueString": line.note})
    extensions += [_told(each) for side in SIDES for each in line.of(side)]
    codings = [{name: value for name, value in code._asdict().items() if value} for each in line.told for code in each.codes]
    unique = [each for at, each in enumerate(codings) if each not in codings[:at]]
    return {
        "extension": extensions,
        "title": line.name,
        **({"code": {"coding": unique, "text": line.name}} if unique else {}),
        "text": {"status": "generated", "div": _div([words(line)], "")},
        "entry": [{"reference": each} for each in dict.fromkeys(told.origin.reference for told in line.told)],
    }


def _told(told: Told) -> Json:
    """What is said on one side, by whom: a complex extension."""
    origin = told.origin
    said: list[tuple[str, str, Any]] = [
        ("side", "valueCode", told.side),
        ("resource", "valueReference", {"reference": f"{origin.reference}/_history/{origin.version}"}),
        ("source", "valueString", origin.source),
        ("author", "valueString", origin.author),
        ("date", "valueDateTime", origin.date),
        ("status", "valueCode", origin.status),
        ("standing", "valueCode", told.standing),
        ("said", "valueCode", told.said),
        ("name", "valueString", told.name),
        *((each, "valueString", getattr(told, each)) for each in ("strength", "dose", "frequency", "route", "form")),
        ("directions", "valueString", told.directions),
        ("patient-instruction", "valueString", told.plain),
        ("reason", "valueString", told.reason),
        ("amendment", "valueString", told.amendment),
        *(("note", "valueString", note) for note in origin.notes),
    ]
    return {"url": f"{EXTENSION}told", "extension": [{"url": name, form: value} for name, form, value in said if value]}


def _aside(found: Changes) -> Json:
    """What says nothing of a change, and why: nothing of it is left out in silence."""
    title = "Set aside"
    return {
        "title": title,
        "code": {"coding": [{"system": SYSTEM, "code": "aside"}], "text": title},
        "text": {"status": "generated", "div": _div([f"{each.origin.reference}: {each.why}" for each in found.aside], "")},
        "entry": [{"reference": each.origin.reference} for each in found.aside],
    }


def words(line: Change) -> str:
    """A line as a clinician reads it: before and after side by side, each with who says so and when."""
    parts = [line.name]
    for side in SIDES:
        if said := "; ".join(_side(each, line.name) for each in line.of(side)):
            parts.append(f"{SAID[side]}: {said}")
    parts += [f"Why: {each}" for each in line.reasons]
    if line.conflict:
        parts.append(DISAGREE)
    if line.note and line.note != DISAGREE:
        parts.append(line.note)
    if line.by == "words":
        parts.append("Matched by words")
    return " – ".join(parts)


def _side(told: Told, name: str) -> str:
    what = [told.name if told.name != name else "", told.directions, told.plain, told.route, told.standing, told.amendment]
    who = ", ".join(filter(None, (told.origin.author, told.origin.source, told.origin.date or "no date")))
    return f"{', '.join(filter(None, what))} ({who})"


def _div(lines: list[str], none: str) -> str:
    inside = f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in lines)}</ul>" if lines else f"<p>{escape(none)}</p>"
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'
