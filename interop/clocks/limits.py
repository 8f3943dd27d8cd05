"""``mappings/rules/clocks.csv``: how long what may take, and what is to be done when it takes longer.

| column | says |
|---|---|
| ``clock`` | its name: rules start it by ``clock NAME`` and stop it by ``stop-clock NAME`` |
| ``display`` | what it is called |
| ``of`` | the type of the resource that starts it; of several with ``\\|`` between |
| ``matches`` | what stops it: the same ``resource``, one that refers to it too (``related``), any of the same ``person`` |
| ``from`` | FHIRPath over that resource: from when it counts; '' = from the event. Where it yields nothing, no clock is started |
| ``earliest``, ``limit`` | a window in ``unit``: it is met from the one to the other; ``earliest`` '' = at once |
| ``unit`` | ``minutes``, ``hours`` of opening time, or whole ``days`` on which the calendar opens, after that of the start |
| ``calendar`` | of calendars.csv, or ``always`` |
| ``early`` | what a stop before ``earliest`` is: ``met``, ``early`` (counted apart), ``ignored`` (it runs on) |
| ``warn`` | when somebody is warned: ``75%`` of the limit, ``-30m``, ``-2h``, ``-1d`` before it is due, ``earliest``; '' = never |
| ``warn-to``, ``escalate-to`` | who is told, recipients as in rules.csv with ``;`` between; '' = nobody |
| ``fresh`` | how long after it was due somebody is still told: ``30m``, ``12h``, ``3d``; what is older is recorded alone |
| ``why`` | the reason |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from interop.clocks.calendars import Calendar
from interop.clocks.opening import HOUR, MINUTE, Moment, between, days_later, end_of_day, later
from interop.clocks.refused import Rows
from interop.fhir import facts
from interop.fhir.fhirpath import Expression, FhirPathError, Item, compile
from interop.formats.instants import iso_instant

FILE: Final = "clocks.csv"
COLUMNS: Final = (
    "clock",
    "display",
    "of",
    "matches",
    "from",
    "earliest",
    "limit",
    "unit",
    "calendar",
    "early",
    "warn",
    "warn-to",
    "escalate-to",
    "fresh",
    "why",
)
EMPTY: Final = frozenset(("from", "earliest", "early", "warn", "warn-to", "escalate-to"))
RESOURCE, RELATED, PERSON = "resource", "related", "person"
MINUTES, HOURS, DAYS = "minutes", "hours", "days"
UNITS: Final = {MINUTES: MINUTE, HOURS: HOUR, DAYS: 24 * HOUR}
"""Microseconds of each; of days for offsets and order alone."""
MET, EARLY, IGNORED = "met", "early", "ignored"
EARLIEST: Final = "earliest"
LONGEST: Final = 366
"""Days that a limit may be at most."""
FIRST, LAST = -2_208_988_800_000_000, 7_258_118_400_000_000
"""The years 1900 to 2199: what a resource says beyond is no time of care."""
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_NUMBER: Final = re.compile(r"[0-9]{1,5}")
_SHARE: Final = re.compile(r"([0-9]{1,2})%")
_SPAN: Final = re.compile(r"([0-9]{1,5})([mhd])")
_LETTERS: Final = {"m": MINUTE, "h": HOUR, "d": 24 * HOUR}
Recipient = Callable[[str], object]
"""Whether somebody can be told; raises ValueError."""


class Times(NamedTuple):
    """When what is due, in microseconds; ``warn`` 0 = nobody is warned. ``known`` as of Moment."""

    earliest: int
    warn: int
    due: int
    known: bool = True


@dataclass(frozen=True, slots=True)
class Limit:
    """A row. ``share`` and ``before`` (microseconds) say when to warn, ``at_earliest`` that it is at the window's beginning."""

    name: str
    display: str
    of: tuple[str, ...]
    matches: str
    base: Expression | None
    earliest: int
    limit: int
    unit: str
    calendar: Calendar
    early: str
    share: int
    before: int
    at_earliest: bool
    warn_to: tuple[str, ...]
    escalate_to: tuple[str, ...]
    fresh: int
    why: str

    def start(self, trigger: Mapping[str, object], at: int) -> int | None:
        """From when it counts: the event's own time, or what the trigger says. A date without a time is over at the end of the
        day; nothing and anything that is no time is None. Raises FhirPathError."""
        if self.base is None:
            return at if FIRST <= at <= LAST else None
        found = self.base.evaluate(Item.of(dict(trigger)))
        said = str(found[0].value) if len(found) == 1 and isinstance(found[0], Item) else ""
        instant = iso_instant(said)
        if instant is None or len(said) < len("2026-01-01") or not FIRST <= instant <= LAST:
            return None
        return instant if "T" in said else end_of_day(date.fromisoformat(said))

    def times(self, start: int) -> Times:
        """When what is due of one that counts from ``start``."""
        due, first = self._after(start, self.limit), Moment(start)
        if self.earliest:
            first = self._after(start, self.earliest, opening=True)
        return Times(first.at, self._warn(start, first.at, due.at), due.at, due.known and first.known)

    def counted(self, start: int, end: int) -> int:
        """Whole minutes that it took: of opening time where the limit is of opening time, and it took no longer than two years."""
        whole = self.unit == DAYS or end - start > 2 * LONGEST * UNITS[DAYS]
        took = max(end - start, 0) if whole else between(self.calendar, start, end)
        return took // MINUTE

    def _after(self, start: int, amount: int, *, opening: bool = False) -> Moment:
        if self.unit == DAYS:
            return days_later(self.calendar, start, amount, opening=opening)
        return later(self.calendar, start, amount * UNITS[self.unit])

    def _warn(self, start: int, earliest: int, due: int) -> int:
        """Before it is due, or not at all."""
        if self.at_earliest:
            at = earliest
        elif not (self.share or self.before):
            return 0
        elif self.unit == DAYS:
            at = start + (due - start) * self.share // 100 if self.share else due - self.before
        else:
            whole = self.limit * UNITS[self.unit]
            at = later(self.calendar, start, whole * self.share // 100 if self.share else whole - self.before).at
        return at if at < due else 0


def read_limits(
    lines: Iterable[str], calendars: Mapping[str, Calendar], recipient: Recipient = lambda text: None
) -> dict[str, Limit]:
    """The clocks by name. Raises ClocksRefused with every reason found: a name twice; a type, calendar, unit or recipient not
    known; FHIRPath that does not parse or names what the type lacks; a window that ends before it begins; a warning too late."""
    rows, found = Rows(FILE, lines, COLUMNS, EMPTY), dict[str, Limit]()
    for row in rows:
        try:
            limit = _limit(row, calendars, recipient)
            if limit.name in found:
                raise ValueError("the clock is there twice")
            found[limit.name] = limit
        except ValueError as error:
            rows.refuse(row, error)
    rows.settle()
    return found


def _limit(row: Mapping[str, str], calendars: Mapping[str, Calendar], recipient: Recipient) -> Limit:
    if not _NAME.fullmatch(row["clock"]):
        raise ValueError("a clock is called by small letters, digits and '-'")
    of = tuple(row["of"].split("|"))
    for type_ in of:
        if type_ not in facts.resource_types():
            raise ValueError(f"{type_} is no resource type of R4")
    one_of("matches", row["matches"], (RESOURCE, RELATED, PERSON))
    one_of("unit", row["unit"], tuple(UNITS))
    if row["calendar"] not in calendars:
        raise ValueError(f"{row['calendar']} is no calendar: {', '.join(sorted(calendars))}")
    earliest, limit, unit = _number("earliest", row["earliest"] or "0"), _number("limit", row["limit"]), UNITS[row["unit"]]
    if not 0 < limit * unit <= LONGEST * UNITS[DAYS]:
        raise ValueError(f"the limit is more than nothing, and {LONGEST} days at most")
    if earliest >= limit:
        raise ValueError("the window ends before it begins")
    if bool(row["earliest"]) != bool(row["early"]):
        raise ValueError("earliest and early go together")
    if row["early"]:
        one_of("early", row["early"], (MET, EARLY, IGNORED))
    share, before, at_earliest = _warn(row["warn"], limit * unit)
    if at_earliest and not earliest:
        raise ValueError("warn: there is no earliest")
    if row["warn-to"] and not row["warn"]:
        raise ValueError("warn-to: nobody is warned without warn")
    return Limit(
        name=row["clock"],
        display=row["display"],
        of=of,
        matches=row["matches"],
        base=_path(row["from"], of) if row["from"] else None,
        earliest=earliest,
        limit=limit,
        unit=row["unit"],
        calendar=calendars[row["calendar"]],
        early=row["early"] or MET,
        share=share,
        before=before,
        at_earliest=at_earliest,
        warn_to=_recipients(row["warn-to"], recipient, "warn-to"),
        escalate_to=_recipients(row["escalate-to"], recipient, "escalate-to"),
        fresh=span("fresh", row["fresh"]),
        why=row["why"],
    )


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise ValueError for a word that is none of these."""
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}")


def span(name: str, text: str) -> int:
    """``30m``, ``12h`` or ``3d`` in microseconds; raises ValueError."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{name} is a time such as 30m, 12h or 3d")
    return int(found[1]) * _LETTERS[found[2]]


def _number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{name} is a whole number")
    return int(text)


def _warn(text: str, whole: int) -> tuple[int, int, bool]:
    """Share, microseconds before, and whether at the window's beginning."""
    if text in ("", EARLIEST):
        return 0, 0, text == EARLIEST
    if found := _SHARE.fullmatch(text):
        if int(found[1]) == 0:
            raise ValueError("warn: 0% is the start itself")
        return int(found[1]), 0, False
    if not text.startswith("-"):
        raise ValueError("warn is a share such as 75%, a time before such as -30m, or earliest")
    before = span("warn", text[1:])
    if not 0 < before < whole:
        raise ValueError("warn: that is no time between the start and the limit")
    return 0, before, False


def _recipients(text: str, recipient: Recipient, name: str) -> tuple[str, ...]:
    told = tuple(each.strip() for each in text.split(";")) if text else ()
    for each in told:
        try:
            recipient(each)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return told


def _path(text: str, of: tuple[str, ...]) -> Expression:
    try:
        found = compile(text)
        for type_ in of:
            found.check(type_)
    except FhirPathError as error:
        raise ValueError(f"from: {error}") from None
    return found
