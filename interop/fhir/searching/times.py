"""Values as intervals of time (FHIR R4 search, section 3.1.1.4.7)."""

from __future__ import annotations

from typing import Any

from interop.fhir.rows import EARLIEST, LATEST, IndexRow
from interop.fhir.searching.dates import interval
from interop.fhir.searching.making import Convert, Rows


def _span(text: Any) -> tuple[int, int] | None:
    return interval(text) if isinstance(text, str) else None


def date(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        found = _span(value)
        if found:
            rows.append(IndexRow(parameter, "date", found[0], found[1]))

    return convert


def _bounds(value: Any) -> tuple[int, int] | None:
    """The interval of a Period; None where neither side can be read."""
    if not isinstance(value, dict):
        return None
    start, end = _span(value.get("start")), _span(value.get("end"))
    if not (start or end):
        return None
    return (start[0] if start else EARLIEST, end[1] if end else LATEST)


def period(parameter: str, _binding: str | None) -> Convert:
    def convert(value: Any, rows: Rows) -> None:
        found = _bounds(value)
        if found:
            rows.append(IndexRow(parameter, "date", found[0], found[1]))

    return convert


def timing(parameter: str, _binding: str | None) -> Convert:
    """A Timing by its outer limits: "the date search considers the outer limits of the Timing"."""

    def convert(value: Any, rows: Rows) -> None:
        if not isinstance(value, dict):
            return
        events, repeat = value.get("event"), value.get("repeat")
        found = [_span(each) for each in events] if isinstance(events, list) else []
        found.append(_bounds(repeat.get("boundsPeriod")) if isinstance(repeat, dict) else None)
        spans = [each for each in found if each]
        if spans:
            rows.append(IndexRow(parameter, "date", min(low for low, _ in spans), max(high for _, high in spans)))

    return convert
