"""The plan as a Composition: a section a heading, in it a section a line, with who says it, where, when and how fresh."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from html import escape
from typing import Any, Final

from interop.careplan.plan import UNPLACED, Heading, Line, Origin, Plan, Section
from interop.clock import instant
from interop.policy.absence import SYSTEM

HEADING: Final = "urn:interop:codes:plan-content"
"""The code system of headings."""
MEANING: Final = "urn:interop:codes:plan-meaning"
"""The code system of what a line means (``Line.means``)."""
LINE: Final = "urn:interop:extension:plan-"
"""Begins the URLs of the extensions."""
NONE: Final = {"coding": [{"system": "urn:interop:whole-record", "code": "none-recorded"}], "text": "None recorded"}
UNSHOWN: Final = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "unavailable"}],
    "text": "None shown: something of the record is absent",
}
SEE_PLANS: Final = {"coding": [{"system": "urn:interop:whole-record", "code": "see-plans"}], "text": UNPLACED}
CLOSED: Final = {"coding": [{"system": SYSTEM, "code": "not-for-role"}], "text": "Not shown to this role"}
"""Where who asks is given nothing of what stands under the heading, whoever it is about."""
PARTLY: Final = {
    "coding": [{"system": SYSTEM, "code": "not-for-role"}],
    "text": "None shown: not all that may stand here is shown to this role",
}
"""Where it is not known to whoever asks whether there is any."""
GROUPS: Final = {
    "about-me": "About me",
    "safety": "Alerts and allergies",
    "plan": "Care and support plan",
    "contingency": "Contingency plans",
    "wishes": "Wishes and decisions",
    "people": "People",
}
HISTORY: Final = "history"
CONFLICT: Final = "Authors do not agree: all that they say is shown."
Json = dict[str, Any]


def withheld(types: Mapping[str, Collection[str]], unseen: frozenset[str]) -> dict[str, Json]:
    """Why nothing stands under a heading, of those that are not, or not all, for who asks: ``types`` are those that a heading is
    made of, ``unseen`` those of which they are given nothing."""
    touched = {name: of for name, of in types.items() if not unseen.isdisjoint(of)}
    return {name: CLOSED if unseen.issuperset(of) else PARTLY for name, of in touched.items()}


def composition(
    plan: Plan, patient: str, id: str, now: int, history: bool, whole: bool, role: Mapping[str, Json] | None = None
) -> Json:
    """The Composition; with ``history`` also what no longer holds. ``id`` is that of the resource in its Bundle, ``whole`` whether
    nothing is said to be absent, ``role`` of headings that are not wholly for who asks why nothing is there (``withheld``)."""
    reasons = role or {}
    none = NONE if whole else UNSHOWN
    if plan.unplaced({each.heading.name for each in plan.sections}):
        none = SEE_PLANS if whole else {**SEE_PLANS, "text": f"{UNPLACED}; something of the record is absent"}
    return {
        "resourceType": "Composition",
        "id": id,
        "status": "final",
        "type": {"coding": [{"system": HEADING, "code": "care-plan", "display": "Care plan"}], "text": "Shared care plan"},
        "subject": {"reference": f"Patient/{patient}"},
        "date": instant(now),
        "author": [{"display": "Folded from the contributions that it refers to"}],
        "title": "Shared care plan",
        "section": [
            {
                "title": GROUPS.get(group, group),
                "section": [
                    _heading(each, history, reasons.get(each.heading.name, none))
                    for each in plan.sections
                    if each.heading.group == group
                ],
            }
            for group in dict.fromkeys(each.heading.group for each in plan.sections)
        ],
    }


def _heading(section: Section, history: bool, none: Json) -> Json:
    found: Json = {"title": section.heading.title, "code": _code(section.heading)}
    if section.conflict:
        found = {"extension": [{"url": f"{LINE}conflict", "valueBoolean": True}], **found}
    found["text"] = {"status": "generated", "div": _div(section, none["text"])}
    inside = [_line(each) for each in section.lines]
    if history and section.history:
        coded = {"coding": [{"system": HEADING, "code": HISTORY}], "text": "No longer so"}
        inside.append({"title": "No longer so", "code": coded, "section": [_line(each) for each in section.history]})
    if inside:
        found["section"] = inside
    else:
        found["emptyReason"] = none
    return found


def _code(heading: Heading) -> Json:
    codings = [{"system": HEADING, "code": heading.name, "display": heading.title}]
    if heading.code:
        codings.append({"system": "http://snomed.info/sct", "code": heading.code})
    return {"coding": codings, "text": heading.title}


def _line(line: Line) -> Json:
    extensions: list[Json] = [
        {"url": f"{LINE}{name}", "valueString": value}
        for name, value in (("trigger", line.trigger), ("role", line.role), ("who", line.who), ("when", line.when))
        if value
    ]
    extensions += [{"url": f"{LINE}contact", "valueString": each} for each in line.telecom]
    extensions += [_origin(each) for each in line.origins]
    codings = [{"system": MEANING, "code": line.means}] if line.means else []
    codings += [{name: value for name, value in each._asdict().items() if value} for each in line.codes]
    found: Json = {"extension": extensions, "title": line.text}
    if codings:
        found["code"] = {"coding": codings, "text": line.text}
    authors = {each.author_reference: each.author for each in line.origins if each.author_reference or each.author}
    known = [{"reference": reference} if reference and "#" not in reference else {} for reference in authors]
    if known:
        named = zip(known, authors.values(), strict=True)
        found["author"] = [{**one, **({"display": name} if name else {})} for one, name in named if one or name]
    found["entry"] = [{"reference": each} for each in dict.fromkeys(origin.reference for origin in line.origins)]
    return found


def _origin(origin: Origin) -> Json:
    """Who says the line: a complex extension."""
    said: list[tuple[str, str, Any]] = [
        ("resource", "valueReference", {"reference": f"{origin.reference}/_history/{origin.version}"}),
        ("source", "valueString", origin.source),
        ("author", "valueString", origin.author),
        ("date", "valueDateTime", origin.date),
        ("until", "valueDateTime", origin.until),
        ("review", "valueDateTime", origin.review),
        ("status", "valueCode", origin.status),
        ("words", "valueString", origin.words),
        *(("note", "valueString", note) for note in origin.notes),
        ("overdue", "valueBoolean", origin.overdue),
        ("ended", "valueBoolean", origin.ended),
        ("written", "valueBoolean", origin.written),
    ]
    if origin.health is not None:
        said.append((f"source-{origin.health.state}", "valueInstant", instant(origin.health.since)))
    return {"url": f"{LINE}origin", "extension": [{"url": name, form: value} for name, form, value in said if value]}


def _div(section: Section, none: str) -> str:
    lines = "".join(f"<li>{escape(words(each))}</li>" for each in section.lines)
    told = f"<p>{escape(CONFLICT)}</p>" if section.conflict else ""
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{told}{f"<ul>{lines}</ul>" if lines else f"<p>{none}</p>"}</div>'


def words(line: Line) -> str:
    """A line as somebody reads it, with who says it and when."""
    said = f"If {line.trigger}: {line.text}" if line.trigger and not line.written else line.text
    beside = [part for part in (line.role, line.who and f"by {line.who}", line.when, *line.telecom) if part]
    return " – ".join((", ".join((said, *beside)), *("; ".join(_provenance(each)) for each in line.origins)))


def _provenance(origin: Origin) -> Iterator[str]:
    yield ", ".join(part for part in (origin.author, origin.source) if part) or "author not told"
    yield origin.date or "no date"
    if origin.words:
        yield f"in their words: {origin.words}"
    yield from origin.notes
    if origin.review:
        yield f"review was due {origin.review}" if origin.overdue else f"review is due {origin.review}"
    if origin.until:
        yield f"it ended {origin.until}" if origin.ended else f"until {origin.until}"
    if origin.health is not None:
        yield f"what {origin.source} sends is {origin.health.state} since {instant(origin.health.since)}"
