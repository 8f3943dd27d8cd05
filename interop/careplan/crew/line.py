"""A line of the card, before it is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from interop.careplan.plan import Given, Json, Line, Origin, Written
from interop.careplan.words import QUALIFIED
from interop.fhir.shapes import text

WRITTEN: Final = "written"
"""``as`` of a line of whoever wrote it within other words."""
DATES: Final = ("recordedDate", "dateAsserted", "authoredOn", "date", "onsetDateTime", "issued")
"""Elements by which a resource tells when it was said, the first that is there."""

SETTLED: Final = frozenset((
    "", "yes", "active", "final", "amended", "corrected", "completed", "current", "confirmed", "requested", "accepted",
    "in-progress", "planned", "ready", "received",
))  # fmt: skip
"""Statuses of resources that tell nothing beside a line: any other is told."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that is said. ``sources`` are the organisations that say so; ``date`` as FHIR writes it, as precisely as it was
    given; ``more`` are further members of the line as the card's schema names them (``dose``, ``reaction``, ``phone``)."""

    text: str
    date: str = ""
    by: str = ""
    sources: tuple[str, ...] = ()
    more: Json = field(default_factory=dict)
    alone: bool = False
    """It is one with no other line: what it is about, or how much of it, is not known."""

    @property
    def same(self) -> tuple[str, ...]:
        """What is equal for lines that say the same, whoever says it."""
        return (plain(self.text), *(f"{name} {plain(str(value))}" for name, value in sorted(self.more.items())))


def plain(words: str) -> str:
    """Words without regard to case and blanks."""
    return " ".join(words.casefold().split())


def merged(lines: Iterable[Said]) -> list[Said]:
    """Lines that say the same are one, with all who say so and the latest date; in the order of the first of each."""
    found: dict[tuple[str, ...], Said] = {}
    for at, line in enumerate(lines):
        same = (str(at),) if line.alone else line.same
        before = found.get(same)
        if before is None:
            found[same] = line
        else:
            later = line if line.date > before.date else before
            sources = tuple(dict.fromkeys((*before.sources, *line.sources)))
            found[same] = replace(before, date=later.date, by=later.by or before.by or line.by, sources=sources)
    return list(found.values())


def latest_first(lines: Iterable[Said]) -> list[Said]:
    """The latest first, what bears no date last; ties by their words."""
    return sorted(sorted(lines, key=lambda line: plain(line.text)), key=lambda line: line.date, reverse=True)


def sources_of(given: Given) -> tuple[str, ...]:
    """The organisations that a resource comes from."""
    return tuple(name for name in given.source.split(",") if name)


def reference(given: Given) -> str:
    """A resource as FHIR refers to it."""
    return f"{text(given.resource, 'resourceType')}/{text(given.resource, 'id')}"


def dated(resource: Json) -> str:
    """When a resource was said, '' where it does not tell."""
    for name in DATES:
        if found := text(resource, name):
            return found
    for name in ("period", "effectivePeriod"):
        if found := text(resource.get(name), "start"):
            return found
    return text(resource, "effectiveDateTime")


def status(resource: Json, said: str = "") -> Json:
    """What qualifies a line: what is ``said`` of it, and that the resource has a modifier extension, by which it may mean
    something else (FHIR R4, extensibility 2.4.0.1)."""
    words = "; ".join(filter(None, (said, QUALIFIED if "modifierExtension" in resource else "")))
    return {"status": words} if words else {}


def of_plan(lines: Sequence[Line]) -> list[Said]:
    """Lines of the plan as lines of the card."""
    return [_of_plan(line) for line in lines]


def of_plans(written: Sequence[Written]) -> list[Said]:
    """Each line of the own words of plans as a line of the card, plans with labels first: most of what they say is for a crew."""
    ordered = sorted(written, key=lambda each: not any(line.headings for line in each.lines))
    return [
        Said(line.text, each.origin.date, each.origin.author, _sources(each.origin), {"as": WRITTEN} | _plan(each))
        for each in ordered
        for line in each.lines
    ]


def _plan(written: Written) -> Json:
    """What a plan is called and what qualifies it."""
    origin = written.origin
    more: Json = {"title": written.title} if written.title else {}
    more |= {name: True for name, held in (("overdue", origin.overdue), ("ended", origin.ended)) if held}
    if origin.status.casefold() not in SETTLED:
        more["status"] = origin.status
    if origin.notes:
        more["notes"] = " ".join(origin.notes)
    return more


def _sources(origin: Origin) -> tuple[str, ...]:
    return tuple(name for name in origin.source.split(",") if name)


def _of_plan(line: Line) -> Said:
    first = line.origins[0] if line.origins else None
    more: Json = {"as": WRITTEN} if line.written else {}
    if line.trigger:
        more["if"] = line.trigger
    if line.means:
        more["means"] = line.means
    if line.role:
        more["role"] = line.role
    if line.who:
        more["who"] = line.who
    if phones := numbers(line.telecom):
        more["phone"] = phones
    if line.when:
        more["when"] = line.when
    if first is not None:
        more |= {name: value for name, value in (("until", first.until), ("review", first.review)) if value}
        more |= {name: True for name, held in (("overdue", first.overdue), ("ended", first.ended)) if held}
        if first.status.casefold() not in SETTLED:
            more["status"] = first.status
        if notes := " ".join(first.notes):
            more["notes"] = notes
    sources = dict.fromkeys(name for origin in line.origins for name in _sources(origin))
    return Said(line.text, line.date, first.author if first is not None else "", tuple(sources), more)


def numbers(telecom: Iterable[str]) -> list[str]:
    """The telephone numbers among contact points that are written ``phone:NUMBER``."""
    return [
        value for each in telecom for system, _, value in [each.partition(":")] if system in ("phone", "sms", "other") and value
    ]
