"""The cards of a summary: what a crew card holds, as a clinician reads it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from interop.fhir.shapes import Json, dicts, text, texts
from interop.pages.record.sources import Source, Sources
from interop.screen.words import day, moment, spoken

LACKING: Final = "Something may be recorded that is not shown here."
CUT: Final = "Shortened here: the plan has it whole."
TAGS: Final = (("critical", "High risk", "red"), ("severe", "Severe", "red"), ("asNeeded", "When needed", "grey"))
"""Members of a line that are true: what is said of them, and the colour."""


NOBODY: Final = Source("")


class Tag(NamedTuple):
    """A word beside a line, and its colour in the design system."""

    words: str
    colour: str


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is said. ``details`` are small print, ``when`` the day on which it was said, in words; ``href`` leads to more;
    ``phones`` can be rung."""

    text: str
    details: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    when: str = ""
    source: Source = NOBODY
    phones: tuple[str, ...] = ()
    href: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A part of a summary. ``words`` say how it stands where there is no line, or beside the lines; ``more``: so many lines more
    are elsewhere; ``conflict``: authors do not agree; ``lead`` is address and words of the page that has all of it."""

    name: str
    title: str
    lines: tuple[Line, ...] = ()
    words: str = ""
    lacking: str = ""
    more: int = 0
    conflict: bool = False
    lead: tuple[str, str] | None = None
    style: str = ""


def card(whole: Json, name: str, title: str, sources: Sources, *, most: int = 8, together: bool = False, style: str = "") -> Card:
    """A section of the crew card; ``together``: lines about the same are one, for people whom several sources name."""
    section = whole.get(name)
    lines = [line(each, sources) for each in dicts(section, "lines")]
    lines = merged(lines) if together else lines
    held = section.get("more") if isinstance(section, dict) else None
    return Card(
        name,
        title,
        tuple(lines[:most]),
        text(section, "words"),
        LACKING if texts(section, "lacking") and not text(section, "words") else "",
        max(0, len(lines) - most) + (held if isinstance(held, int) else 0),
        isinstance(section, dict) and section.get("conflict") is True,
        style=style,
    )


def line(said: Json, sources: Sources) -> Line:
    """A line of the card."""
    words, trigger, own = text(said, "text"), text(said, "if"), text(said, "as") == "written"
    details = [text(said, name) for name in ("title", "role", "reaction", "dose", "who", "when", "notes") if text(said, name)]
    if text(said, "until"):
        details.append(f"Ended {day(text(said, 'until'))}" if said.get("ended") else f"Until {day(text(said, 'until'))}")
    if text(said, "review"):
        details.append(f"Review {'was ' if said.get('overdue') else ''}due {day(text(said, 'review'))}")
    tags = [Tag(words_, colour) for name, words_, colour in TAGS if said.get(name) is True]
    if (status := text(said, "status")) and not (own and status == "unknown"):
        tags.append(Tag(status[:1].upper() + status[1:], "yellow"))
    if said.get("ended") or said.get("overdue"):
        tags.append(Tag("Ended" if said.get("ended") else "Review overdue", "orange"))
    if said.get("cut"):
        details.append(CUT)
    return Line(
        f"If {trigger}: {words}" if trigger and not own else words,
        tuple(details),
        tuple(tags),
        day(text(said, "date")) if text(said, "date") else "",
        sources.of(texts(said, "from"), text(said, "by")),
        tuple(texts(said, "phone")),
    )


def merged(lines: Iterable[Line]) -> list[Line]:
    """Those that say the same of the same one are one, with all who say so."""
    found: dict[str, Line] = {}
    for each in lines:
        key = each.text.casefold()
        if key not in found:
            found[key] = each
            continue
        first = found[key]
        who = dict.fromkeys(part for one in (first, each) for part in one.source.who.split(", ") if part)
        trouble = "; ".join(dict.fromkeys(part for one in (first, each) for part in [one.source.trouble] if part))
        found[key] = replace(
            first,
            details=tuple(dict.fromkeys((*first.details, *each.details))),
            phones=tuple(dict.fromkeys((*first.phones, *each.phones))),
            source=Source(", ".join(who), trouble, first.source.code),
        )
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Plans:
    """The own words of one plan."""

    title: str
    when: str
    source: Source
    words: tuple[str, ...] = field(default=())


def plans(whole: Json, sources: Sources) -> list[Plans]:
    """The own words of plans, a plan each, the latest first as the card has them."""
    found: dict[tuple[str, str, str], list[Json]] = {}
    for each in dicts(whole.get("plans"), "lines"):
        found.setdefault((text(each, "title"), text(each, "date"), text(each, "by")), []).append(each)
    return [
        Plans(
            title,
            moment(date) if date else "",
            sources.of(texts(lines[0], "from"), by),
            tuple(text(each, "text") for each in lines),
        )
        for (title, date, by), lines in found.items()
    ]


def absent(whole: Json) -> list[str]:
    """What is not here and why, in the words of the API; said once."""
    lines = dicts(whole.get("absent"), "lines")
    return list(dict.fromkeys(spoken(text(each, "words")) for each in lines if text(each, "code") != "not-for-role"))
