"""Due times over opening hours, in Europe/London: what is an hour there is one of sixty minutes whatever the wall clock does.

Instants are microseconds since 1970-01-01T00:00:00Z. In spring the local hour from one to two is skipped, in autumn it comes
twice. Opening hours are those of the wall clock: whoever is always open is so for 23 hours of the one day and 25 of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from interop.clocks.calendars import Calendar
from interop.formats.instants import EPOCH, LONDON

MINUTE: Final = 60_000_000
HOUR: Final = 60 * MINUTE
DAY: Final = timedelta(days=1)


class Moment(NamedTuple):
    """An instant; ``known`` False where it reaches beyond the table of bank holidays, which are counted as ordinary days there."""

    at: int
    known: bool = True


def later(calendar: Calendar, start: int, amount: int) -> Moment:
    """When so many microseconds of opening time have passed since ``start``. Time that ends with the hours ends there, not at the
    next opening; nothing at all (0) ends when the service is open first."""
    day, left, known = local_day(start), amount, True
    while True:
        known &= calendar.known(day)
        for opens, closes in opened(calendar, day):
            begins = max(opens, start)
            if closes <= begins:
                continue
            if left <= closes - begins:
                return Moment(begins + left, known)
            left -= closes - begins
        day += DAY


def days_later(calendar: Calendar, start: int, days: int, *, opening: bool = False) -> Moment:
    """When the ``days``-th day after that of ``start`` on which the service opens is over: its last closing time, midnight for one
    that does not close; with ``opening`` when it begins. 0 is the day of ``start`` itself, or the next on which it opens."""
    day, known, left = local_day(start), calendar.known(local_day(start)), days
    while not (hours := opened(calendar, day)) or left > 0:
        day += DAY
        known &= calendar.known(day)
        left -= bool(opened(calendar, day))
    return Moment(hours[0][0] if opening else hours[-1][1], known)


def between(calendar: Calendar, start: int, end: int) -> int:
    """Microseconds of opening time from one instant to a later one; 0 where it is not later."""
    found, day, last = 0, local_day(start), local_day(end)
    while day <= last:
        found += sum(max(min(closes, end) - max(opens, start), 0) for opens, closes in opened(calendar, day))
        day += DAY
    return found


def opened(calendar: Calendar, day: date) -> list[tuple[int, int]]:
    """The opening hours of a local day as instants, in order."""
    found: list[tuple[int, int]] = []
    for begins, ends, offset in _pieces(day):
        found += [
            (max(begins, at + from_ * MINUTE), min(ends, at + to * MINUTE))
            for at in (_midnight(day, offset),)
            for from_, to in calendar.hours(day)
            if max(begins, at + from_ * MINUTE) < min(ends, at + to * MINUTE)
        ]
    return found


def local_day(instant: int) -> date:
    """The day that it is in Europe/London."""
    return local(instant).date()


def start_of_day(day: date) -> int:
    """The instant at which a local day begins."""
    return (datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def end_of_day(day: date) -> int:
    """The instant at which a local day is over."""
    return start_of_day(day + DAY)


def _pieces(day: date) -> Iterator[tuple[int, int, int]]:
    """The parts of a local day in which the wall clock goes on evenly: from, to, and how far it is ahead of UTC. Clocks are put
    forward and back within a day at most once, on a whole minute."""
    begins, ends = start_of_day(day), start_of_day(day + DAY)
    first, last = _offset(begins), _offset(ends - 1)
    if first != last:
        low, high = begins // MINUTE, ends // MINUTE
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset(middle * MINUTE) == first else (low, middle)
        yield begins, high * MINUTE, first
        begins = high * MINUTE
    yield begins, ends, last


def _midnight(day: date, offset: int) -> int:
    """When a local day begins on a wall clock that is always so far ahead of UTC."""
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) - offset


def local(instant: int) -> datetime:
    """The time that it is in Europe/London."""
    return (EPOCH + timedelta(microseconds=instant)).astimezone(LONDON)


def _offset(instant: int) -> int:
    offset = local(instant).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)
