"""The table of bank holidays of England and Wales is what the law makes of each year."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.spec.clocks.tables import holidays

TABLE = holidays()
DAY = timedelta(days=1)


def easter(year: int) -> date:
    """Easter Sunday by the epact and the golden number (Gregorian), another way than by which the table was made."""
    golden, century = year % 19 + 1, year // 100 + 1
    skipped, correction = 3 * century // 4 - 12, (8 * century + 5) // 25 - 5
    sunday, epact = 5 * year // 4 - skipped - 10, (11 * golden + 20 + correction - skipped) % 30
    epact += epact == 24 or (epact == 25 and golden > 11)
    full = 44 - epact
    full += 30 if full < 21 else 0
    return date(year, 3, 1) + (full + 7 - (sunday + full) % 7 - 1) * DAY


def monday(day: date, step: int) -> date:
    """The first Monday from a day on, forwards or backwards."""
    while day.weekday() != 0:
        day += step * DAY
    return day


def by_law(year: int) -> set[date]:
    """Banking and Financial Dealings Act 1971, schedule 1, and the days that proclamations have added each year since."""
    days = {easter(year) - 2 * DAY, easter(year) + DAY}
    days |= {monday(date(year, 5, 1), 1), monday(date(year, 5, 31), -1), monday(date(year, 8, 31), -1)}
    for fixed in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        while fixed.weekday() >= 5 or fixed in days:
            fixed += DAY
        days.add(fixed)
    return days


@pytest.mark.parametrize("year", range(TABLE.first, TABLE.last + 1))
def test_each_year_has_the_days_of_the_law(year: int) -> None:
    assert {day for day in TABLE.days if day.year == year} == by_law(year)


def test_the_table_goes_from_2024_to_2030_at_least() -> None:
    assert TABLE.first <= 2024
    assert TABLE.last >= 2030
