"""Dates and times of any precision: reading, comparing, adding (N1 2.0.0, literals, comparison, date/time arithmetic)."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_TIME = re.compile(r"(\d\d)(?::(\d\d)(?::(\d\d)(\.\d+)?)?)?", re.ASCII)
_ZONE = re.compile(r"Z|([+-])(\d\d):(\d\d)", re.ASCII)
_FURTHEST = timedelta(hours=14)
"""How far a time zone is from UTC at most."""


class Temporal(NamedTuple):
    """A System.Date, DateTime or Time.

    ``kind`` is ``date``, ``dateTime`` or ``time``; ``fields`` year, month, day, hour, minute, second as far as they are known
    (a time starts with its hour); ``fraction`` the digits of a fraction of the second, '' for none; ``zone`` minutes east of
    UTC, None where none is said.
    """

    kind: str
    fields: tuple[int, ...]
    fraction: str = ""
    zone: int | None = None

    @property
    def precision(self) -> int:
        """How many digits are known: 4 for a year, 8 for a day, 17 for a millisecond; of a time 2 to 9."""
        digits = 2 * len(self.fields) + (0 if self.kind == "time" else 2)
        return digits + 3 if self.fraction else digits

    def __str__(self) -> str:
        if self.kind == "time":
            return _clock(self.fields, self.fraction)
        text = "-".join(f"{each:04}" if place == 0 else f"{each:02}" for place, each in enumerate(self.fields[:3]))
        if self.kind == "date":
            return text
        return f"{text}T{_clock(self.fields[3:], self.fraction)}{_zone(self.zone)}" if len(self.fields) > 3 else text


def _clock(fields: tuple[int, ...], fraction: str) -> str:
    text = ":".join(f"{each:02}" for each in fields)
    return f"{text}.{fraction}" if fraction else text


def _zone(zone: int | None) -> str:
    if zone is None:
        return ""
    return "Z" if zone == 0 else f"{'+' if zone > 0 else '-'}{abs(zone) // 60:02}:{abs(zone) % 60:02}"


@lru_cache(maxsize=16_384)
def temporal(text: str, kind: str) -> Temporal | None:
    """``text`` as a value of that kind (``date``, ``dateTime``, ``time``), or None. A dateTime may stop at any field."""
    day, separator, clock = ("", "", text) if kind == "time" else text.partition("T")
    if kind == "date" and separator:
        return None
    fields: list[int] = []
    if kind != "time":
        found = _DATE.fullmatch(day)
        if found is None:
            return None
        fields = [int(each) for each in found.groups() if each]
        if not _is_day(fields):
            return None
    fraction, zone = "", None
    if clock:
        if kind != "time":
            cut = next((place for place, letter in enumerate(clock) if letter in "Z+-"), len(clock))
            clock, zoned = clock[:cut], clock[cut:]
            if zoned:
                shift = _ZONE.fullmatch(zoned)
                if shift is None:
                    return None
                zone = (int(shift[2]) * 60 + int(shift[3])) * (-1 if shift[1] == "-" else 1) if shift[1] else 0
                if abs(zone) > 14 * 60:
                    return None
            if len(fields) < 3:
                return None
        match = _TIME.fullmatch(clock)
        if match is None:
            return None
        parts = [int(each) for each in match.groups()[:3] if each]
        if parts[0] > 23 or (len(parts) > 1 and parts[1] > 59) or (len(parts) > 2 and parts[2] > 60):
            return None
        fields += parts
        fraction = (match[4] or "")[1:]
    elif kind == "time":
        return None
    return Temporal(kind, tuple(fields), fraction, zone)


def _is_day(fields: list[int]) -> bool:
    year, month, day = (*fields, 1, 1)[:3]
    return year > 0 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def from_datetime(moment: datetime) -> Temporal:
    """A dateTime to the millisecond, in the moment's own zone (UTC where it says none)."""
    shift = moment.utcoffset() or timedelta(0)
    fields = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return Temporal("dateTime", fields, f"{moment.microsecond // 1000:03}", int(shift.total_seconds()) // 60)


def _moment(value: Temporal, zone: int) -> datetime | None:
    """The start of what is known, as a moment of UTC; None outside the calendar."""
    fields = (*value.fields, 1, 1)[:3] if len(value.fields) < 3 else value.fields
    year, month, day, hour, minute, second = (*fields, 0, 0, 0)[:6]
    micro = int((value.fraction + "000000")[:6])
    try:
        start = datetime(year, month, day, hour, minute, 0, tzinfo=timezone(timedelta(minutes=zone)))
        return (start + timedelta(seconds=second, microseconds=micro)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def compare(one: Temporal, other: Temporal) -> int | None:
    """Below, at or above zero as ``one`` is before, at or after ``other``; None where their precision or zones do not tell.

    A date and a dateTime compare as dateTimes. A time with a date gives None as well: callers ask ``alike`` first.
    """
    if one.zone != other.zone and len(one.fields) > 3 and len(other.fields) > 3 and one.kind != "time":
        return _across_zones(one, other)
    for here, there in zip(one.fields, other.fields, strict=False):
        if here != there:
            return -1 if here < there else 1
    if len(one.fields) != len(other.fields):
        return None
    return _digits(one.fraction, other.fraction)


def _digits(one: str, other: str) -> int:
    width = max(len(one), len(other))
    here, there = one.ljust(width, "0"), other.ljust(width, "0")
    return (here > there) - (here < there)


def _across_zones(one: Temporal, other: Temporal) -> int | None:
    here, there = _moment(one, one.zone or 0), _moment(other, other.zone or 0)
    if here is None or there is None:
        return None
    if one.zone is None or other.zone is None:
        return None if abs(here - there) <= _FURTHEST else -1 if here < there else 1
    count = min(len(one.fields), len(other.fields))
    if count < 6:
        here, there = here.replace(second=0, microsecond=0), there.replace(second=0, microsecond=0)
    if here != there:
        return -1 if here < there else 1
    return 0 if len(one.fields) == len(other.fields) else None


def key(value: Temporal) -> tuple[object, ...]:
    """What values share that are equal for certain: a moment, or the fields where no zone is said, and the precision."""
    fraction = value.fraction.rstrip("0")
    if value.zone is None or len(value.fields) < 4:
        return (value.kind == "time", len(value.fields), value.fields, fraction)
    return ("moment", len(value.fields), _moment(value._replace(fraction=""), value.zone) or value.fields, fraction)


def alike(one: Temporal, other: Temporal) -> bool:
    """Whether both are times, or neither is."""
    return (one.kind == "time") == (other.kind == "time")


_MONTHS = {"year": 12, "month": 1}
_MILLISECONDS = {"week": 604_800_000, "day": 86_400_000, "hour": 3_600_000, "minute": 60_000, "second": 1000, "millisecond": 1}


def plus(value: Temporal, amount: Decimal, unit: str) -> Temporal | None:
    """``value`` moved by a number of calendar units (``year`` ... ``millisecond``); None outside the calendar.

    Fractions of a unit are cut off. What is finer than the value's precision counts as far as it fills whole fields.
    """
    if abs(amount) > 10**12:
        return None
    count = int(amount)
    if value.kind == "time":
        return _plus_time(value, count * _MILLISECONDS[unit]) if unit in _MILLISECONDS else None
    known = len(value.fields)
    if unit in _MONTHS:
        months = count * _MONTHS[unit]
        return _plus_months(value, int(months / 12) * 12 if known == 1 else months)
    span = count * _MILLISECONDS[unit]
    if known < 3:
        days = int(span / _MILLISECONDS["day"])
        return _plus_months(value, int(days / 365) * 12 if known == 1 else int(days / 30))
    finest = {3: "day", 4: "hour", 5: "minute"}.get(known)
    if finest:
        span = int(span / _MILLISECONDS[finest]) * _MILLISECONDS[finest]
    start = _moment(value, 0)
    if start is None:
        return None
    try:
        moved = start + timedelta(milliseconds=span)
    except OverflowError:
        return None
    fields = (moved.year, moved.month, moved.day, moved.hour, moved.minute, moved.second)[:known]
    fraction = value.fraction
    if known == 6 and (fraction or moved.microsecond):
        fraction = f"{moved.microsecond:06}"[: max(3, min(len(fraction), 6))]
    return Temporal(value.kind, fields, fraction, value.zone)


def _plus_months(value: Temporal, months: int) -> Temporal | None:
    year, month = value.fields[0], value.fields[1] if len(value.fields) > 1 else 1
    count = year * 12 + month - 1 + months
    year, month = divmod(count, 12)
    month += 1
    if not 1 <= year <= 9999:
        return None
    fields = [year, month, *value.fields[2:]][: len(value.fields)]
    if len(fields) > 2:
        fields[2] = min(fields[2], monthrange(year, month)[1])
    return value._replace(fields=tuple(fields))


def _plus_time(value: Temporal, span: int) -> Temporal:
    hour, minute, second = (*value.fields, 0, 0)[:3]
    clock = ((hour * 60 + minute) * 60 + second) * 1000 + int((value.fraction + "000")[:3]) + span
    clock %= 86_400_000
    seconds, milli = divmod(clock, 1000)
    fields = (seconds // 3600, seconds // 60 % 60, seconds % 60)[: len(value.fields)]
    return Temporal("time", fields, f"{milli:03}" if len(fields) == 3 and (value.fraction or milli) else "")


def boundary(value: Temporal, digits: int | None, *, high: bool) -> Temporal | None:
    """The earliest (or latest) value that ``value`` may stand for, to so many digits; None for no precision of its kind."""
    full = {"date": 8, "dateTime": 17, "time": 9}[value.kind]
    wanted = full if digits is None else digits
    steps = (2, 4, 6, 9) if value.kind == "time" else (4, 6, 8, 10, 12, 14, 17)
    if wanted not in steps or wanted > full:
        return None
    fields = list(value.fields)
    if value.kind == "time":
        limits = (23, 59, 59)
        fields += [limits[place] if high else 0 for place in range(len(fields), 3)]
        kept, fraction = fields[: min(wanted // 2, 3)], value.fraction
    else:
        if len(fields) == 4:
            # An hour alone is its first minute, as in FHIR's dateTime, which knows no hour without one.
            fields.append(0)
        if len(fields) == 1:
            fields.append(12 if high else 1)
        if len(fields) == 2:
            fields.append(monthrange(fields[0], fields[1])[1] if high else 1)
        limits_ = (0, 0, 0, 23, 59, 59)
        fields += [limits_[place] if high else 0 for place in range(len(fields), 6)]
        kept, fraction = fields[: min(wanted // 2 - 1, 6)], value.fraction
    fraction = ((fraction + ("999" if high else "000"))[:3] if fraction else "999" if high else "000") if wanted in (9, 17) else ""
    kind = value.kind
    zone = value.zone
    if kind == "dateTime" and len(kept) > 3 and zone is None:
        zone = -12 * 60 if high else 14 * 60
    return Temporal(kind, tuple(kept), fraction, zone if len(kept) > 3 else None)
