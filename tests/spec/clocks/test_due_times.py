"""When something is due: opening hours, bank holidays, days on which the clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interop.clocks.calendars import DAYS, MINUTES, Calendar, Spans
from interop.clocks.opening import MINUTE, between, days_later, later, local_day
from interop.formats.instants import EPOCH, LONDON
from tests.spec.clocks.tables import at, calendars, holidays, limit, limits

ALWAYS, SURGERY, COMMUNITY = (calendars()[name] for name in ("always", "surgery", "community-day"))
HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-03-28T12:00:00", 24, "2026-03-29T13:00:00"),
        ("2026-10-24T12:00:00", 24, "2026-10-25T11:00:00"),
        ("2026-03-29T00:30:00", 2, "2026-03-29T03:30:00"),
        ("2026-10-25T00:30:00", 2, "2026-10-25T01:30:00Z"),
        ("2026-06-01T23:00:00", 36, "2026-06-03T11:00:00"),
    ],
)
def test_hours_of_always_are_of_sixty_minutes_whatever_the_wall_clock_does(start: str, hours: int, due: str) -> None:
    assert later(ALWAYS, at(start), hours * HOUR).at == at(due)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-11-23T10:00:00", "2026-11-23T12:00:00"),
        ("2026-11-23T17:30:00", "2026-11-24T09:00:00"),
        ("2026-11-23T06:00:00", "2026-11-23T10:00:00"),
        ("2026-11-27T17:30:00", "2026-11-30T09:00:00"),
        ("2026-11-28T12:00:00", "2026-11-30T10:00:00"),
        ("2026-12-24T17:30:00", "2026-12-29T09:00:00"),
        ("2026-04-02T18:00:00", "2026-04-07T09:30:00"),
    ],
)
def test_hours_of_a_surgery_go_on_at_its_next_opening(start: str, due: str) -> None:
    """Overnight, over a weekend, over Christmas and Easter."""
    assert later(SURGERY, at(start), 2 * HOUR).at == at(due)


def test_time_that_ends_with_the_hours_ends_there() -> None:
    assert later(SURGERY, at("2026-11-23T16:30:00"), 2 * HOUR).at == at("2026-11-23T18:30:00")


def test_a_service_that_is_open_on_bank_holidays_counts_them() -> None:
    assert later(COMMUNITY, at("2026-12-24T19:00:00"), 2 * HOUR).at == at("2026-12-25T09:00:00")


def test_the_fifth_to_seventh_day_after_a_discharge_are_whole_days() -> None:
    times = limits()["medicines-review"].times(at("2026-03-26T15:40:00"))
    assert (times.earliest, times.due) == (at("2026-03-31T00:00:00+01:00"), at("2026-04-03T00:00:00+01:00"))


def test_days_of_a_surgery_are_those_on_which_it_opens() -> None:
    assert days_later(SURGERY, at("2026-12-24T09:00:00"), 1).at == at("2026-12-29T18:30:00")
    assert days_later(SURGERY, at("2026-12-26T09:00:00"), 0).at == at("2026-12-29T18:30:00")
    assert days_later(SURGERY, at("2026-12-24T09:00:00"), 2, opening=True).at == at("2026-12-30T08:00:00")


def test_a_warning_is_a_share_of_opening_time() -> None:
    times = limit(calendar="surgery", limit="4").times(at("2026-11-27T16:30:00"))
    assert (times.warn, times.due) == (at("2026-11-30T09:00:00"), at("2026-11-30T10:00:00"))


def test_a_warning_stands_so_long_before_it_is_due() -> None:
    times = limit(calendar="surgery", limit="4", warn="-30m").times(at("2026-11-27T16:30:00"))
    assert times.warn == at("2026-11-30T09:30:00")


def test_minutes_taken_are_those_of_opening_time() -> None:
    surgery = limit(calendar="surgery")
    assert surgery.counted(at("2026-11-27T18:00:00"), at("2026-11-30T08:15:00")) == 45
    assert limit().counted(at("2026-10-25T00:00:00"), at("2026-10-25T03:00:00")) == 240


def test_beyond_the_table_of_bank_holidays_a_time_says_that_it_is_not_certain() -> None:
    last = holidays().last
    assert later(SURGERY, at(f"{last}-12-30T10:00:00"), HOUR).known
    assert not later(SURGERY, at(f"{last + 1}-01-02T07:00:00"), HOUR).known
    assert later(ALWAYS, at(f"{last + 9}-01-02T07:00:00"), HOUR).known
    assert later(COMMUNITY, at(f"{last + 9}-01-02T07:00:00"), HOUR).known


def test_a_date_without_a_time_is_over_at_the_end_of_the_day() -> None:
    discharge = limits()["discharge"]
    url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"

    def planned(text: str) -> dict[str, object]:
        return {"resourceType": "Encounter", "extension": [{"url": url, "valueDateTime": text}]}

    assert discharge.start(planned("2026-07-01"), 0) == at("2026-07-02T00:00:00")
    assert discharge.start(planned("2026-07-01T10:00:00+01:00"), 0) == at("2026-07-01T10:00:00")
    assert discharge.start(planned("2026-07"), 0) is None
    assert discharge.start(planned("9999-12-31"), 0) is None
    assert discharge.start({"resourceType": "Encounter"}, 5) is None


@st.composite
def spans(draw: st.DrawFn) -> Spans:
    edges = draw(st.lists(st.integers(0, MINUTES), max_size=6, unique=True).map(sorted))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


@st.composite
def made(draw: st.DrawFn) -> Calendar:
    """Any opening hours; open at some time of the week."""
    week = draw(st.lists(spans(), min_size=len(DAYS), max_size=len(DAYS)).filter(any))
    holiday = draw(st.one_of(st.none(), spans()))
    return Calendar("made", tuple(week), holiday, holidays())


NEAR = ("2026-03-27", "2026-10-23", "2026-12-23", "2027-03-25", "2028-10-27")
STARTS = st.builds(
    lambda day, minutes: (datetime.fromisoformat(day).replace(tzinfo=UTC) - EPOCH) // timedelta(minutes=1) + minutes,
    st.sampled_from(NEAR),
    st.integers(0, 4 * MINUTES),
)
"""Minutes since the epoch, around the changes of the clocks and bank holidays."""


def open_at(calendar: Calendar, minute: int) -> bool:
    """Whether the wall clock of that minute is within the hours of its day."""
    local = (EPOCH + timedelta(minutes=minute)).astimezone(LONDON)
    return any(opens <= local.hour * 60 + local.minute < closes for opens, closes in calendar.hours(local.date()))


@settings(max_examples=60, deadline=None)
@given(made(), STARTS, st.integers(1, 900))
def test_a_due_time_is_what_counting_minute_by_minute_finds(calendar: Calendar, start: int, amount: int) -> None:
    left, minute, limit = amount, start, start + 20 * MINUTES
    while left and minute < limit:
        left -= open_at(calendar, minute)
        minute += 1
    if not left:
        assert later(calendar, start * MINUTE, amount * MINUTE).at == minute * MINUTE


@settings(max_examples=60, deadline=None)
@given(made(), STARTS, st.integers(0, 3 * MINUTES))
def test_opening_time_between_two_moments_is_what_counting_minute_by_minute_finds(
    calendar: Calendar, start: int, length: int
) -> None:
    counted = sum(open_at(calendar, minute) for minute in range(start, start + length))
    assert between(calendar, start * MINUTE, (start + length) * MINUTE) == counted * MINUTE


@settings(max_examples=40, deadline=None)
@given(made(), STARTS, st.integers(0, 5))
def test_days_end_at_the_last_open_minute_that_counting_finds(calendar: Calendar, start: int, days: int) -> None:
    first, minute, seen, last = local_day(start * MINUTE), start, set(), 0
    minute -= ((EPOCH + timedelta(minutes=start)).astimezone(LONDON).hour) * 60 + start % 60 + 120
    while minute < start + 12 * MINUTES:
        day = local_day(minute * MINUTE)
        if day >= first and open_at(calendar, minute):
            seen.add(day)
            after = len(seen - {first})
            wanted = days if days else (0 if first in seen else 1)
            if after == wanted:
                last = minute + 1
            elif after > wanted:
                break
        minute += 1
    else:
        return
    assert days_later(calendar, start * MINUTE, days).at == last * MINUTE


@settings(max_examples=60, deadline=None)
@given(made(), STARTS, st.integers(1, 900))
def test_whoever_waits_from_start_to_due_has_waited_the_whole_of_it(calendar: Calendar, start: int, amount: int) -> None:
    due = later(calendar, start * MINUTE, amount * MINUTE).at
    assert between(calendar, start * MINUTE, due) == amount * MINUTE
