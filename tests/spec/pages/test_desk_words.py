"""How much time is left, in words; a time of day as people write it; whether a service is open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from interop.pages.desk.clinics import open_until
from interop.pages.desk.steps import Wrong, begun, clock_time
from interop.pages.desk.timing import left, length
from interop.screen.words import LONDON

ALWAYS: dict[str, Any] = {"availableTime": [{"allDay": True}]}
NOW = datetime(2026, 10, 15, 8, 30, tzinfo=LONDON)


def due(minutes: float) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "less than a minute"),
        (1, "1 minute"),
        (59, "59 minutes"),
        (60, "1 hour"),
        (125, "2 hours 5 minutes"),
        (1440, "1 day"),
        (1501, "1 day 1 hour"),
        (2881, "2 days 1 minute"),
    ],
)
def test_a_time_is_told_by_its_two_largest_units(minutes: int, words: str) -> None:
    assert length(minutes) == words


@pytest.mark.parametrize(
    ("minutes", "state", "kind", "words"),
    [
        (120, "running", "running", "2 hours left"),
        (31, "", "running", "31 minutes left"),
        (30, "", "soon", "30 minutes left"),
        (45, "warned", "soon", "45 minutes left"),
        (0.5, "", "soon", "less than a minute left"),
        (-1, "", "over", "1 minute over"),
        (-90, "breached", "over", "1 hour 30 minutes over"),
    ],
)
def test_what_is_left_says_so_in_words_and_not_by_its_colour_alone(minutes: float, state: str, kind: str, words: str) -> None:
    said = left(due(minutes), NOW, due(-30), state)
    assert (said["kind"], said["words"]) == (kind, words)
    assert said["tag"] == {"running": "In time", "soon": "Due soon", "over": "Over time"}[kind]


def test_the_bar_is_as_long_as_the_time_that_has_gone() -> None:
    assert [left(due(90), NOW, due(-30))[each] for each in ("gone", "whole")] == [30, 120]
    assert [left(due(-30), NOW, due(-150))[each] for each in ("gone", "whole")] == [120, 120]
    assert left(due(90), NOW)["whole"] == 0
    assert left("soon", NOW) == {}


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (due(10), "08:40"),
        (due(16 * 60), "00:30 tomorrow"),
        (due(50 * 60), "10:30 on 17-Oct-2026"),
        (due(-600), "22:30 on 14-Oct-2026"),
    ],
)
def test_when_it_is_due_has_a_day_where_it_is_not_today(at: str, words: str) -> None:
    assert left(at, NOW)["due"] == words


@pytest.mark.parametrize(
    ("said", "at"), [("08:15", "15 08:15"), ("0815", "15 08:15"), ("8.15", "15 08:15"), ("8 30", "15 08:30"), ("23:50", "14 23:50")]
)
def test_a_time_of_day_is_the_latest_that_is_over(said: str, at: str) -> None:
    assert f"{clock_time(said, NOW):%d %H:%M}" == at


@pytest.mark.parametrize("said", ["24:00", "8:60", "8", "noon", "", "-1:30", "٠٨:١٥"])
def test_what_is_no_time_is_refused_in_words(said: str) -> None:
    with pytest.raises(Wrong, match="hours and minutes"):
        clock_time(said, NOW)


@pytest.mark.parametrize(("state", "counts"), [("running", "08:00"), ("warned", "08:00"), ("breached", "08:30")])
def test_what_the_desk_takes_counts_with_the_clock_that_runs_and_anew_where_that_is_over(state: str, counts: str) -> None:
    """A second clock from the same time would tell of the same breach again."""
    clock = {"id": "c", "businessStatus": {"coding": [{"system": "urn:interop:codes:clock-state", "code": state}]}}
    clock |= {"executionPeriod": {"start": "2026-10-15T08:00:00+01:00"}}
    assert begun("p", clock, NOW.isoformat())["authoredOn"] == f"2026-10-15T{counts}:00+01:00"


@pytest.mark.parametrize(
    ("entry", "until"),
    [
        (ALWAYS, "all day"),
        ({"availableTime": [{"availableStartTime": "08:00:00", "availableEndTime": "18:30:00"}]}, "until 18:30"),
        ({"availableTime": [{"availableStartTime": "08:30:00", "availableEndTime": "18:30:00"}]}, "until 18:30"),
        ({"availableTime": [{"availableStartTime": "07:00:00", "availableEndTime": "08:30:00"}]}, None),
        ({"availableTime": [{"daysOfWeek": ["thu"], "allDay": True}]}, "all day"),
        ({"availableTime": [{"daysOfWeek": ["fri"], "allDay": True}]}, None),
        ({"availableTime": [{"allDay": True}], "notAvailable": [{"description": "Away", "during": {"start": "2026-10-15"}}]}, None),
        (
            {"availableTime": [{"allDay": True}], "notAvailable": [{"during": {"start": "2026-10-10", "end": "2026-10-14"}}]},
            "all day",
        ),
        ({}, None),
    ],
)
def test_a_service_is_open_where_its_entry_says_so(entry: dict[str, Any], until: str | None) -> None:
    assert open_until(entry, NOW) == until
