"""UK time, without a time zone database: British Summer Time runs between the last Sundays of March and October, 01:00 UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache


@lru_cache(maxsize=64)
def _bounds(year: int) -> tuple[datetime, datetime]:
    def last_sunday(month: int) -> datetime:
        last = datetime(year, month, 31)
        return last - timedelta(days=(last.weekday() + 1) % 7)

    return last_sunday(3) + timedelta(hours=1), last_sunday(10) + timedelta(hours=2)


def offset(at: datetime) -> timedelta:
    """How far naive local time ``at`` is ahead of UTC: an hour in summer, else nothing."""
    begins, ends = _bounds(at.year)
    return timedelta(hours=1) if begins <= at < ends else timedelta()


def utc(at: datetime) -> datetime:
    """Naive UTC of naive local time."""
    return at - offset(at)
