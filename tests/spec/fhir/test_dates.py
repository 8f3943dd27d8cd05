"""FHIR R4 search, 3.1.1.4.7: a date is the interval that its precision covers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.fhir.searching import interval


def micro(*parts: int) -> int:
    return int((datetime(*parts, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2024", micro(2024, 1, 1), micro(2025, 1, 1)),
        ("2024-02", micro(2024, 2, 1), micro(2024, 3, 1)),
        ("2023-12", micro(2023, 12, 1), micro(2024, 1, 1)),
        ("2024-02-29", micro(2024, 2, 29), micro(2024, 3, 1)),
        ("2024-02-03T10:11", micro(2024, 2, 3, 10, 11), micro(2024, 2, 3, 10, 12)),
        ("2024-02-03T10:11:12Z", micro(2024, 2, 3, 10, 11, 12), micro(2024, 2, 3, 10, 11, 13)),
        ("2024-07-03T10:11:12+01:00", micro(2024, 7, 3, 9, 11, 12), micro(2024, 7, 3, 9, 11, 13)),
        ("2024-07-03T23:30:00-05:30", micro(2024, 7, 4, 5, 0, 0), micro(2024, 7, 4, 5, 0, 1)),
        ("2024-02-03T10:11:12.5Z", micro(2024, 2, 3, 10, 11, 12, 500000), micro(2024, 2, 3, 10, 11, 12, 600000)),
        ("2024-02-03T10:11:12.123456789Z", micro(2024, 2, 3, 10, 11, 12, 123456), micro(2024, 2, 3, 10, 11, 12, 123457)),
        ("1890-05-06", micro(1890, 5, 6), micro(1890, 5, 7)),
    ],
)
def test_precision_is_the_width(text: str, low: int, high: int) -> None:
    assert interval(text) == (low, high)


def test_the_last_day_has_an_end() -> None:
    found = interval("9999-12-31")
    assert found
    assert found[1] - found[0] == 86_400_000_000
    year = interval("9999")
    assert year
    assert year[1] == found[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2023-02-29",
        "2024-13",
        "24-01-01",
        "2024-01-01T25:00:00Z",
        "2024-1-1",
        "20240101",
        "soon",
        "2024-01-01T10",
        "0000",
        "٢٠٢٤",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert interval(text) is None


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_an_instant_lies_in_its_interval(moment: datetime, offset: int) -> None:
    local = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    found = interval(local.isoformat())
    expected = (local - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert found == (expected, expected + 1_000_000)
