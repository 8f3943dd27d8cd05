"""Dates as authors give them: how long before or after each other and the present they are."""

from __future__ import annotations

from typing import Final

from interop.fhir.rows import EARLIEST, LATEST
from interop.fhir.searching import interval

UNDATED: Final = (EARLIEST, LATEST)
"""What bears no date may have been said at any time."""
LEEWAY: Final = 7_200_000_000
"""Microseconds that a clock or a day in summer may be ahead."""


def span_of(date: str) -> tuple[int, int]:
    """From when to when a date is, in microseconds."""
    return (interval(date) if date else None) or UNDATED


def after(later: str, earlier: str) -> bool:
    """Whether all of the one date is after all of the other."""
    return span_of(later)[0] >= span_of(earlier)[1]


def coming(date: str, now: int) -> bool:
    """Whether a date has not begun."""
    return span_of(date)[0] > now + LEEWAY


def passed(date: str, now: int) -> bool:
    """Whether the whole of a date lies behind."""
    span = interval(date) if date else None
    return span is not None and span[1] <= now
