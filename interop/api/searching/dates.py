"""Values of dates (FHIR R4 search, 3.1.1.4.7)."""

from __future__ import annotations

import re
from typing import Final

from interop.api.searching.escapes import plain
from interop.api.searching.unsupported import malformed
from interop.fhir.searching import interval
from interop.store.where import Span, Updated, Where

PREFIXED: Final = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.+)", re.DOTALL)
_LOST_PLUS: Final = re.compile(r" (\d\d:\d\d)$")


def span(name: str, text: str, now: int) -> tuple[str, int, int]:
    """Prefix and bounds in microseconds. ``ap`` is widened by a tenth of its distance from ``now``: what overlaps is meant.

    Raises Problem ``bad-parameter``."""
    found = PREFIXED.fullmatch(text)
    covered = interval(_LOST_PLUS.sub(r"+\1", found[2])) if found else None
    if found is None or covered is None:
        raise malformed(name, "a date is wanted, such as 2026-01-31, ge2026 or lt2026-01-31T09:00:00Z")
    low, high = covered
    if found[1] == "ap":
        width = abs(now - (low + high) // 2) // 10
        return "ap", low - width, high + width
    return found[1] or "eq", low, high


def date(name: str, value: str, now: int) -> Where:
    """A date or period that compares so."""
    return Span(name, *span(name, plain(value), now))


def updated(value: str, now: int) -> Where:
    """``_lastUpdated``."""
    return Updated(*span("_lastUpdated", plain(value), now))
