"""``mappings/rules/calendars.csv``: when a service is open, in local time (Europe/London).

| column | says |
|---|---|
| ``calendar`` | its name |
| ``days`` | ``mon`` … ``sun``, a range ``mon-fri``, or ``bank-holiday`` |
| ``opens``, ``closes`` | ``HH:MM``, ``24:00`` is the end of the day; of bank holidays also ``closed``, or ``as-usual`` in both |
| ``why`` | the reason |

A weekday without a row is closed. Every calendar says what bank holidays are. ``always`` needs no rows: all hours of all days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from interop.clocks.holidays import Holidays
from interop.clocks.refused import Rows

FILE: Final = "calendars.csv"
COLUMNS: Final = ("calendar", "days", "opens", "closes", "why")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY, USUAL, CLOSED = "bank-holiday", "as-usual", "closed"
ALWAYS: Final = "always"
MINUTES: Final = 24 * 60
Span = tuple[int, int]
"""Minutes of the local day, from the first to before the last: (0, 1440) is all of it."""
Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """``week`` has the opening hours of Monday to Sunday; ``holiday`` those of bank holidays, None = as on other days."""

    name: str
    week: tuple[Spans, ...]
    holiday: Spans | None
    holidays: Holidays

    def hours(self, day: date) -> Spans:
        """When it is open on a day, in order and without overlap."""
        if self.holiday is not None and day in self.holidays.days:
            return self.holiday
        return self.week[day.weekday()]

    def known(self, day: date) -> bool:
        """Whether it is certain when it is open on a day: beyond the table of bank holidays it is taken for an ordinary one."""
        return self.holiday is None or self.holidays.known(day)


def read_calendars(lines: Iterable[str], holidays: Holidays) -> dict[str, Calendar]:
    """The calendars by name, ``always`` among them. Raises ClocksRefused: an unknown day, a time that is none, hours that end
    before they begin or overlap, a calendar that never opens or does not say what bank holidays are."""
    rows = Rows(FILE, lines, COLUMNS, frozenset(("opens", "closes")))
    weeks: dict[str, list[list[Span]]] = {}
    special: dict[str, Spans | None] = {}
    for row in rows:
        name = row["calendar"]
        week = weeks.setdefault(name, [[] for _ in DAYS])
        try:
            if name == ALWAYS:
                raise ValueError("always is all hours of all days and has no rows")
            if row["days"] == HOLIDAY:
                said = _holiday(row["opens"], row["closes"])
                if said is None or not said:
                    if name in special:
                        raise ValueError("bank holidays are said twice")
                    special[name] = said
                else:
                    special[name] = _add([*(special.get(name, ()) or ())], said[0])
                continue
            span = _span(row["opens"], row["closes"])
            for day in _days(row["days"]):
                week[day] = [*_add(week[day], span)]
        except ValueError as error:
            rows.refuse(row, error)
    for name, week in weeks.items():
        if not any(week):
            rows.refusals.append(f"{FILE}, row {name}: it never opens")
        if name not in special:
            rows.refusals.append(f"{FILE}, row {name}: what bank holidays are is wanted: {HOLIDAY} with hours, {CLOSED} or {USUAL}")
    rows.settle()
    everything: Spans = ((0, MINUTES),)
    made = {name: Calendar(name, tuple(map(tuple, week)), special[name], holidays) for name, week in weeks.items()}
    return {ALWAYS: Calendar(ALWAYS, (everything,) * len(DAYS), None, holidays), **made}


def _holiday(opens: str, closes: str) -> Spans | None:
    """None = as on other days, () = closed."""
    if USUAL in (opens, closes) or CLOSED in (opens, closes):
        if opens != closes:
            raise ValueError(f"{USUAL} and {CLOSED} stand in both columns")
        return None if opens == USUAL else ()
    return (_span(opens, closes),)


def _days(text: str) -> range:
    first, _, last = text.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise ValueError(f"{text} is no day: {', '.join(DAYS)}, a range such as mon-fri, or {HOLIDAY}")
    found = range(DAYS.index(first), DAYS.index(last or first) + 1)
    if not found:
        raise ValueError(f"{text} ends before it begins")
    return found


def _span(opens: str, closes: str) -> Span:
    found = _minute(opens), _minute(closes)
    if found[0] >= found[1]:
        raise ValueError(f"it closes at {closes} before it opens at {opens}: what goes past midnight are two rows")
    return found


def _minute(text: str) -> int:
    hour, separator, minute = text.partition(":")
    if separator and len(hour) == len(minute) == 2 and (hour + minute).isdecimal() and (hour + minute).isascii():
        found = int(hour) * 60 + int(minute)
        if minute < "60" and found <= MINUTES:
            return found
    raise ValueError(f"{text or 'nothing'} is no time of day: HH:MM, 24:00 at the latest")


def _add(spans: list[Span], span: Span) -> Spans:
    if any(span[0] < other[1] and other[0] < span[1] for other in spans):
        raise ValueError("the hours overlap those of another row")
    return tuple(sorted([*spans, span]))
