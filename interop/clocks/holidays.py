"""``mappings/rules/bank-holidays.csv``: the bank holidays of England and Wales, as far ahead as the table goes.

| column | says |
|---|---|
| ``date`` | a day, ``YYYY-MM-DD``, in order |
| ``name`` | what it is called |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from interop.clocks.refused import ClocksRefused, Rows

FILE: Final = "bank-holidays.csv"
COLUMNS: Final = ("date", "name")
LEAST: Final = 8
"""Bank holidays of a year; a year with fewer is not whole."""


class Holidays(NamedTuple):
    """The days, and the first and last year of which all are known."""

    days: frozenset[date]
    first: int
    last: int

    def known(self, day: date) -> bool:
        """Whether the table tells of the year of that day."""
        return self.first <= day.year <= self.last


def read_holidays(lines: Iterable[str]) -> Holidays:
    """The table. Raises ClocksRefused: a date that is none, twice, or out of order; a year between the first and the last with
    fewer than eight."""
    rows, days = Rows(FILE, lines, COLUMNS), list[date]()
    for row in rows:
        try:
            day = date.fromisoformat(row["date"])
        except ValueError:
            rows.refuse(row, "date is a day as YYYY-MM-DD")
            continue
        if days and day <= days[-1]:
            rows.refuse(row, "the days stand in order, each once")
            continue
        days.append(day)
    rows.settle()
    if not days:
        raise ClocksRefused(f"{FILE}, row 1: there is no bank holiday")
    years = Counter(day.year for day in days)
    first, last = days[0].year, days[-1].year
    for year in range(first, last + 1):
        if years[year] < LEAST:
            raise ClocksRefused(f"{FILE}, row {year}: a year has {LEAST} bank holidays or more, this one has {years[year]}")
    return Holidays(frozenset(days), first, last)
