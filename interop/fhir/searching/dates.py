"""Dates as intervals: what a partial date covers (FHIR R4 search, section 3.1.1.4.7)."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:Z|([+-])(\d\d):(\d\d))?)?)?)?", re.ASCII
)
_EPOCH = date(1970, 1, 1).toordinal()
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND


@lru_cache(maxsize=32_768)
def interval(text: str) -> tuple[int, int] | None:
    """[low, high) in microseconds since 1970 that a date, dateTime or instant covers; None where it is none.

    What has no zone is taken as UTC. Minutes without seconds are allowed, as in search values.
    """
    found = _FORM.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1)).toordinal()
    except ValueError:
        return None
    low = (first - _EPOCH) * DAY
    if day is None:
        days = date(int(year), 12, 31).toordinal() + 1 - first if month is None else _month_days(int(year), int(month))
        return low, low + days * DAY
    if hour is None:
        return low, low + DAY
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 60 or int(hours or 0) > 14 or int(minutes or 0) > 59:
        return None
    low += (int(hour) * 60 + int(minute)) * MINUTE
    if sign:
        offset = (int(hours) * 60 + int(minutes)) * MINUTE
        low += offset if sign == "-" else -offset
    if second is None:
        return low, low + MINUTE
    low += int(second) * SECOND
    if fraction is None:
        return low, low + SECOND
    digits = fraction[:6]
    width = 10 ** (6 - len(digits))
    low += int(digits) * width
    return low, low + width


def _month_days(year: int, month: int) -> int:
    if month == 12:
        return 31
    return date(year, month + 1, 1).toordinal() - date(year, month, 1).toordinal()
