"""Values of dates (FHIR R4 search, 3.1.1.4.7)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from interop.api.searching.escapes import plain
from interop.api.searching.unsupported import malformed
from interop.fhir.searching import interval
from interop.store.where import Span, Updated, Where

PREFIXED: Final = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.+)", re.DOTALL)
LONGEST: Final = 100
"""Characters of a date: what is longer is none, and is not to be kept."""
_LOST_PLUS: Final = re.compile(r" (\d\d:\d\d)$")


def span(name: str, text: str, now: int) -> tuple[str, int, int]:
    """Prefix and bounds in microseconds. ``ap`` is widened by a tenth of its distance from ``now``: what overlaps is meant.

    Raises Problem ``bad-parameter``."""
    found = _covered(text) if len(text) <= LONGEST else None
    if found is None:
        raise malformed(name, "a date is wanted, such as 2026-01-31, ge2026 or lt2026-01-31T09:00:00Z")
    if found[0] != "ap":
        return found
    _, low, high = found
    width = abs(now - (low + high) // 2) // 10
    return "ap", low - width, high + width


@lru_cache(maxsize=8192)
def _covered(text: str) -> tuple[str, int, int] | None:
    """Prefix and what the date covers; None where it is none."""
    found = PREFIXED.fullmatch(text)
    covered = interval(_LOST_PLUS.sub(r"+\1", found[2])) if found else None
    return (found[1] or "eq", *covered) if found and covered else None


def date(name: str, value: str, now: int) -> Where:
    """A date or period that compares so."""
    return Span(name, *span(name, plain(value), now))


def updated(value: str, now: int) -> Where:
    """``_lastUpdated``."""
    return Updated(*span("_lastUpdated", plain(value), now))
