"""The one plan as a page shows it, out of the Bundle of ``$care-plan``: groups, headings, lines, and who says each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from interop.api.operations.composing import CONFLICT, HEADING, HISTORY, LINE
from interop.fhir.shapes import Json, dicts, text
from interop.pages.record.asking import Known
from interop.pages.record.cards import Tag
from interop.pages.record.origins import absent
from interop.screen.words import day, moment

STATE: Final = "source-"
"""Begins the names of what is said of a source that is not well."""
SETTLED: Final = frozenset(("", "active", "unknown", "current", "final", "completed", "in-progress", "accepted"))
"""Statuses that are not said beside a line: that a GP system does not tell one is so of each of its lines."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who says a line: author and organisations in words, the day, what is added, and the version of the resource that does."""

    who: str
    when: str
    tags: tuple[Tag, ...]
    notes: tuple[str, ...]
    resource: str
    source: str


class May(NamedTuple):
    """What who asks may change: CarePlans with the heading of each, and the organisation that must have contributed them."""

    plans: Mapping[str, str]
    organisation: str

    def change(self, voice: Voice, heading: str) -> bool:
        """Whether it is a line that a form of ours made, of the same organisation."""
        own = not self.organisation or self.organisation in voice.source.split(",")
        return own and self.plans.get(voice.resource.partition("/")[2]) == heading


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is said under a heading; ``edit`` is the id of the CarePlan in which who asks may change it, '' for none."""

    text: str
    trigger: str
    beside: tuple[str, ...]
    phones: tuple[str, ...]
    voices: tuple[Voice, ...]
    own_words: bool = False
    edit: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the plan. ``empty`` says in words why nothing stands under it, '' where something does."""

    name: str
    title: str
    lines: tuple[Line, ...]
    history: tuple[Line, ...]
    conflict: str = ""
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Headings that belong together; ``silent`` are those under which nothing stands, by the words of why."""

    title: str
    headings: tuple[Heading, ...]
    silent: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Whole:
    """The plan. ``tag`` is its ETag, ``absent`` what is not here in the words of the API, ``resources`` by reference."""

    groups: tuple[Group, ...]
    tag: str
    absent: tuple[str, ...]
    resources: Mapping[str, Json]

    def heading(self, name: str) -> Heading | None:
        """By its name, with or without lines."""
        return next((each for group in self.groups for each in group.headings if each.name == name), None)

    @property
    def changeable(self) -> frozenset[str]:
        """Ids of the CarePlans that who asks may change here."""
        return frozenset(line.edit for group in self.groups for each in group.headings for line in each.lines if line.edit)


def whole(bundle: Json, tag: str, editable: Mapping[str, str] | None = None, organisation: str = "") -> Whole:
    """The answer of ``$care-plan``. ``editable`` are ids of CarePlans that who asks may change here where ``organisation``, '' for
    any, has contributed them, with the heading of each."""
    resources = [each["resource"] for each in dicts(bundle, "entry") if isinstance(each.get("resource"), dict)]
    made: Json = next((each for each in resources if text(each, "resourceType") == "Composition"), {})
    known, may = Known(resources), May(editable or {}, organisation)
    groups = []
    for group in dicts(made, "section"):
        headings = tuple(_heading(each, known, may) for each in dicts(group, "section"))
        silent: dict[str, list[str]] = {}
        for each in headings:
            if not each.lines:
                silent.setdefault(each.empty, []).append(each.title)
        groups.append(Group(text(group, "title"), headings, {why: tuple(titles) for why, titles in silent.items()}))
    told = [each for each in resources if text(each, "resourceType") == "OperationOutcome"]
    by = {f"{text(each, 'resourceType')}/{text(each, 'id')}": each for each in resources}
    return Whole(tuple(groups), tag, tuple(each.words for each in absent(told)), by)


def _heading(section: Json, known: Known, may: May) -> Heading:
    name = next((text(one, "code") for one in dicts(section.get("code"), "coding") if text(one, "system") == HEADING), "")
    lines, history = [], []
    for each in dicts(section, "section"):
        codes = {text(one, "code") for one in dicts(each.get("code"), "coding") if text(one, "system") == HEADING}
        if HISTORY in codes:
            history = [_line(one, known, name, May({}, "")) for one in dicts(each, "section")]
        else:
            lines.append(_line(each, known, name, may))
    conflict = any(text(each, "url") == f"{LINE}conflict" for each in dicts(section, "extension"))
    empty = text(section.get("emptyReason"), "text")
    shown = lines if conflict else merged(lines)
    return Heading(name, text(section, "title"), tuple(shown), tuple(history), CONFLICT if conflict else "", empty)


def merged(lines: Iterable[Line]) -> list[Line]:
    """Lines in the same words about the same are one, with all who say so: people whom several sources name."""
    found: dict[tuple[object, ...], Line] = {}
    for each in lines:
        key = (each.text.casefold(), each.trigger, each.beside, each.own_words, each.edit)
        first = found.get(key)
        if first is None:
            found[key] = each
        else:
            phones, voices = (
                tuple(dict.fromkeys((*one, *other))) for one, other in ((first.phones, each.phones), (first.voices, each.voices))
            )
            found[key] = replace(first, phones=phones, voices=_once(voices))
    return list(found.values())


def _once(voices: Iterable[Voice]) -> tuple[Voice, ...]:
    """Voices of which the reader would see no difference are one."""
    return tuple({replace(each, resource=""): each for each in voices}.values())


def _line(section: Json, known: Known, heading: str, may: May) -> Line:
    said = {text(each, "url").removeprefix(LINE): text(each, "valueString") for each in dicts(section, "extension")}
    contacts = [text(each, "valueString") for each in dicts(section, "extension") if text(each, "url") == f"{LINE}contact"]
    origins = [_parts(each) for each in dicts(section, "extension") if text(each, "url") == f"{LINE}origin"]
    voices = tuple(_voice(each, known) for each in origins)
    phones = [each.partition(":")[2] for each in contacts if each.partition(":")[0] in ("phone", "sms", "")]
    others = [each for each in contacts if each.partition(":")[0] not in ("phone", "sms", "")]
    beside = (said.get("role", ""), f"By {said['who']}" if said.get("who") else "", _when(said.get("when", "")), *others)
    mine = [each.resource.partition("/")[2] for each in voices if may.change(each, heading)]
    return Line(
        _dated(text(section, "title")),
        said.get("trigger", ""),
        tuple(each for each in beside if each),
        tuple(dict.fromkeys(each for each in phones if each)),
        _once(voices),
        bool(origins) and all(one.get("written") for one in origins),
        mine[0] if mine else "",
    )


def _parts(origin: Json) -> dict[str, Any]:
    """The parts of an origin by name; ``note`` is a list."""
    found: dict[str, Any] = {"note": []}
    for each in dicts(origin, "extension"):
        value = next((held for name, held in each.items() if name.startswith("value")), None)
        if text(each, "url") == "note":
            found["note"].append(value)
        else:
            found[text(each, "url")] = value
    return found


def _voice(origin: Mapping[str, Any], known: Known) -> Voice:
    codes = [each for each in str(origin.get("source", "")).split(",") if each]
    named = [known.organisation(each) for each in codes]
    who = ", ".join(dict.fromkeys(each for each in (str(origin.get("author", "")), *named) if each))
    tags = []
    if origin.get("status", "") not in SETTLED:
        tags.append(Tag(str(origin["status"]).replace("-", " ").capitalize(), "yellow"))
    if review := origin.get("review"):
        tags.append(
            Tag(f"Review was due {day(review)}", "orange") if origin.get("overdue") else Tag(f"Review {day(review)}", "blue")
        )
    if until := origin.get("until"):
        tags.append(Tag(f"Ended {day(until)}", "orange") if origin.get("ended") else Tag(f"Until {day(until)}", "blue"))
    for name, value in origin.items():
        if name.startswith(STATE):
            tags.append(Tag(f"Not up to date: {name.removeprefix(STATE)} since {moment(str(value))}", "orange"))
    words = (f"In their words: {origin['words']}",) if origin.get("words") else ()
    reference = text(origin.get("resource"), "reference").partition("/_history/")[0]
    when = day(str(origin["date"])) if origin.get("date") else ""
    return Voice(who or "Author not told", when, tuple(tags), (*words, *map(str, origin["note"])), reference, ",".join(codes))


def _dated(said: str) -> str:
    """Words as they are, a day alone as people write it."""
    return _when(said) if said[:4].isdigit() and said[4:5] == "-" and " " not in said else said


def _when(said: str) -> str:
    """Words of when, with the days in them as people write them."""
    return " ".join(day(each) if each[:4].isdigit() and each[4:5] == "-" else each for each in said.split())
