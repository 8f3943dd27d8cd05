"""Times and lengths of time as sources write them, to those of FHIR; None where they cannot be read."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from interop.mapping.numbers import unsigned

LONDON = ZoneInfo("Europe/London")

_HL7_TIME = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?(\.\d+)?|(\d\d))?([+-]\d\d(?:\d\d)?|Z)?", re.ASCII)


@lru_cache(maxsize=8_192)
def hl7_parts(value: str) -> tuple[str, str, str] | None:
    """An HL7 time as (date in its precision, time ``HH:MM:SS[.f]`` or '', offset or ''); None where it is none."""
    found = _HL7_TIME.fullmatch(value.strip())
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, lone, offset = found.groups()
    hour = hour or lone
    try:
        whole = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), min(int(second or 0), 59))
    except ValueError:
        return None
    if not month:
        return year, "", ""
    if not day:
        return f"{year}-{month}", "", ""
    if hour is None:
        return f"{year}-{month}-{day}", "", ""
    if offset and offset != "Z":
        offset = f"{offset[:3]}:{offset[3:] or '00'}" if offset.strip("+-0") else "Z"
    return f"{year}-{month}-{day}", f"{hour}:{minute or '00'}:{second or '00'}{fraction or ''}", offset or london_offset(whole)


_WHOLE_HOURS = 1900
"""From then on the clocks have changed at whole hours."""


def london_offset(local: datetime) -> str:
    """The offset of Europe/London at a local time, ``+01:00`` or ``+00:00``; the earlier one in the hour that occurs twice."""
    if local.year >= _WHOLE_HOURS:
        return _offset_of_hour(local.year, local.month, local.day, local.hour)
    return _offset(local)


@lru_cache(maxsize=8_192)
def _offset_of_hour(year: int, month: int, day: int, hour: int) -> str:
    return _offset(datetime(year, month, day, hour))


def _offset(local: datetime) -> str:
    shift = local.replace(tzinfo=LONDON).utcoffset()
    minutes = int(shift.total_seconds()) // 60 if shift else 0
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def hl7_datetime(value: str) -> str | None:
    """HL7 v2 TS/DTM or v3 TS as dateTime in the precision given (HL7 v2.4, 2.9.47)."""
    parts = hl7_parts(value)
    return parts and (f"{parts[0]}T{parts[1]}{parts[2]}" if parts[1] else parts[0])


def hl7_date(value: str) -> str | None:
    """The same, its date alone."""
    parts = hl7_parts(value)
    return parts and parts[0]


def hl7_instant(value: str) -> str | None:
    """The same as instant; a time of lower precision than the minute cannot be one."""
    parts = hl7_parts(value)
    return f"{parts[0]}T{parts[1]}{parts[2]}" if parts and parts[1] else None


def hl7_clock(value: str) -> str | None:
    """The time of day of an HL7 time, or HHMM[SS] alone."""
    alone = re.fullmatch(r"(\d\d)(\d\d)(\d\d)?", value, re.ASCII)
    if alone:
        return f"{alone[1]}:{alone[2]}:{alone[3] or '00'}" if alone[1] < "24" and alone[2] < "60" else None
    parts = hl7_parts(value)
    return (parts and parts[1]) or None


_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([smhdwSMHDW]?)(\d{1,6})", re.ASCII)


def duration(value: str, unit: str = "") -> timedelta | None:
    """A length of time: a whole number and its unit (``min``, ``Hours``, ``sec`` …, by its first letter), or both in one as in HL7
    v2 TQ.3 (``M30``); None where it cannot be read, also without a unit: nothing says what it counts."""
    found = _DURATION.fullmatch(value.strip())
    if not found or unit.strip()[:2].lower() == "mo":
        return None
    seconds = _SECONDS.get((found[1] or unit.strip()[:1]).lower())
    return timedelta(seconds=int(found[2]) * seconds) if seconds else None


def plus_duration(value: str, length: str, unit: str = "") -> str | None:
    """An HL7 time so much later, as instant; None where either cannot be read, the time has no hour, or that is after the year
    9999."""
    start, shift = hl7_instant(value), duration(length, unit)
    try:
        return (datetime.fromisoformat(start) + shift).isoformat() if start and shift is not None else None
    except OverflowError:
        return None


def day_time(day: str, clock: str, minutes: str = "") -> str | None:
    """A date (ISO 8601, a time in it set aside) and a time of day in Europe/London as one, so many minutes later where they are
    given; without a time the date alone. None where they cannot be read."""
    if not clock:
        return iso_date(day)
    start = iso_datetime(f"{day[:10]}T{clock}")
    if not minutes or start is None:
        return start
    shift = unsigned(minutes)
    if shift is None or "T" not in start:
        return None
    return (datetime.fromisoformat(start) + timedelta(minutes=shift)).astimezone(LONDON).isoformat()


_ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII)


@lru_cache(maxsize=8_192)
def iso_parts(value: str) -> tuple[str, str, str] | None:
    """An ISO 8601 time as (date, time or '', offset or ''); None where it is none. Without an offset it is Europe/London."""
    found = _ISO.fullmatch(value.strip())
    if not found:
        return None
    year, month, day, clock, second, fraction, offset = found.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
        if not clock:
            return "-".join(part for part in (year, month, day) if part), "", ""
        whole = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}{second or ':00'}")
    except ValueError:
        return None
    if offset and offset != "Z" and ":" not in offset:
        offset = f"{offset[:3]}:{offset[3:]}"
    return f"{year}-{month}-{day}", f"{clock}{second or ':00'}{fraction or ''}", offset or london_offset(whole)


def iso_datetime(value: str) -> str | None:
    """ISO 8601 as dateTime."""
    parts = iso_parts(value)
    return parts and (f"{parts[0]}T{parts[1]}{parts[2]}" if parts[1] else parts[0])


def iso_date(value: str) -> str | None:
    """ISO 8601 as date."""
    parts = iso_parts(value)
    return parts and parts[0]


def iso_instant(value: str) -> str | None:
    """ISO 8601 as instant."""
    parts = iso_parts(value)
    return f"{parts[0]}T{parts[1]}{parts[2]}" if parts and parts[1] else None


def iso_clock(value: str) -> str | None:
    """``HH:MM[:SS]`` as time."""
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)(:[0-5]\d)?", value.strip(), re.ASCII)
    return f"{found[1]}:{found[2]}{found[3] or ':00'}" if found else None


def part_time(precision: str, value: str) -> str | None:
    """A padded time cut to its precision, ``U Y YM YMD YMDT`` (EMIS OpenHR ``datepart``); U is unknown: nothing."""
    parts = iso_parts(value)
    if parts is None or precision == "U":
        return None
    cut = {"Y": 4, "YM": 7, "YMD": 10}.get(precision)
    if cut:
        return parts[0][:cut]
    return f"{parts[0]}T{parts[1]}{parts[2]}" if parts[1] else parts[0]
