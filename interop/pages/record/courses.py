"""What a person takes, by who says so. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from interop.careplan.crew.line import Said, dated
from interop.careplan.crew.medicines import medicines
from interop.careplan.crew.who import redacted
from interop.careplan.plan import Given
from interop.fhir.searching import interval
from interop.fhir.shapes import Json, chosen, dicts, text
from interop.pages.record.asking import Known
from interop.pages.record.sources import Source
from interop.screen.words import day, moment

STATEMENTS: Final = ("active", "on-hold", "intended", "unknown")
REQUESTS: Final = ("active", "on-hold", "unknown")
"""Statuses of what is current, as the crew card has it."""
PAST: Final = {
    "completed": "Over", "stopped": "Stopped", "not-taken": "Not taken", "cancelled": "Prescription cancelled",
}  # fmt: skip
"""Statuses of what is not, and what is said of them: of what nobody lists nothing is said."""


@dataclass(frozen=True, slots=True)
class Course:
    """A medicine as one source has it."""

    name: str
    dose: str
    status: str
    needed: bool
    until: str
    said: str
    by: str


@dataclass(frozen=True, slots=True)
class Group:
    """What one source says: ``latest`` is when anything of it last came here."""

    source: Source
    latest: str
    now: tuple[Course, ...]
    past: tuple[Course, ...]


def groups(current: Iterable[Json], former: Iterable[Json], known: Known, of: Callable[[Json], Source], now: int) -> list[Group]:
    """A group for each source, the one with the latest word first; ``now`` in microseconds."""
    held: dict[Source, tuple[list[Json], list[Json]]] = {}
    for at, resources in enumerate((current, former)):
        for each in resources:
            held.setdefault(of(each), ([], []))[at].append(each)
    made = [_group(source, *both, known, now) for source, both in held.items()]
    return sorted(made, key=lambda each: (bool(each.now), each.latest), reverse=True)


def _group(source: Source, current: list[Json], former: list[Json], known: Known, now: int) -> Group:
    def over(date: str) -> bool:
        span = interval(date)
        return span is not None and span[1] <= now

    def begun(date: str) -> bool:
        span = interval(date)
        return span is None or span[0] <= now

    lines = medicines((Given(each, 1) for each in current), known.words, over, begun)
    past = {_past(each, known): None for each in sorted(former, key=dated, reverse=True)}
    latest = max(text(each.get("meta"), "lastUpdated") for each in (*current, *former))
    hides = any(map(redacted, (*current, *former)))
    return Group(source, moment(latest), tuple(_course(each, hides) for each in lines), tuple(past))


def _course(said: Said, hides: bool) -> Course:
    """``hides``: the person hides where they are, and authors are named with where they work."""
    more = said.more
    until = str(more.get("until", ""))
    return Course(
        said.text,
        str(more.get("dose", "")),
        str(more.get("status", "")),
        more.get("asNeeded") is True,
        (f"ended {day(until)}" if more.get("ended") else f"until {day(until)}") if until else "",
        day(said.date) if said.date else "",
        "" if hides else said.by,
    )


def _past(resource: Json, known: Known) -> Course:
    medicine = chosen(resource, "medication")
    doses = dicts(resource, "dosage") or dicts(resource, "dosageInstruction")
    status = text(resource, "status")
    reason = "; ".join(filter(None, (*(known.words.of(each) for each in dicts(resource, "statusReason")), _why(resource, known))))
    said = PAST.get(status, status)
    return Course(
        (known.words.of(medicine[1]) if medicine is not None else "") or "Medicine not named",
        "; ".join(dict.fromkeys(filter(None, map(known.words.of, doses)))),
        f"{said}: {reason}" if reason else said,
        False,
        "",
        day(dated(resource)) if dated(resource) else "",
        "",
    )


def _why(resource: Json, known: Known) -> str:
    reason = resource.get("statusReason")
    return known.words.of(reason) if isinstance(reason, dict) else ""
