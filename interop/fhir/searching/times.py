"""Values as intervals of time (FHIR R4 search, section 3.1.1.4.7)."""

from __future__ import annotations

from typing import Any

from interop.fhir.rows import EARLIEST, LATEST
from interop.fhir.searching.dates import interval
from interop.fhir.searching.making import Rows

Span = tuple[int, int]


def _span(text: Any) -> Span | None:
    return interval(text) if isinstance(text, str) else None


def _bounds(value: Any) -> Span | None:
    """The interval of a Period; None where neither side can be read."""
    if not isinstance(value, dict):
        return None
    start, end = _span(value.get("start")), _span(value.get("end"))
    if not (start or end):
        return None
    return (start[0] if start else EARLIEST, end[1] if end else LATEST)


def date(value: Any, rows: Rows) -> None:
    found = _span(value)
    if found:
        rows.append(("date", *found, None))


def period(value: Any, rows: Rows) -> None:
    found = _bounds(value)
    if found:
        rows.append(("date", *found, None))


def timing(value: Any, rows: Rows) -> None:
    """A Timing by its outer limits: "the date search considers the outer limits of the Timing"."""
    if not isinstance(value, dict):
        return
    events, repeat = value.get("event"), value.get("repeat")
    found = [_span(each) for each in events] if isinstance(events, list) else []
    found.append(_bounds(repeat.get("boundsPeriod")) if isinstance(repeat, dict) else None)
    spans = [each for each in found if each]
    if spans:
        rows.append(("date", min(low for low, _ in spans), max(high for _, high in spans), None))
