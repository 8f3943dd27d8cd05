"""The tables of clocks: what could not be right is refused when they are loaded, with file, row and reason."""

from __future__ import annotations

import pytest

from interop.clocks.calendars import read_calendars
from interop.clocks.holidays import read_holidays
from interop.clocks.limits import read_limits
from interop.clocks.refused import ClocksRefused
from tests.spec.clocks.tables import calendars, csv, holidays, limits

REQUIRED = {
    "urgent-response",
    "ae-to-team",
    "expected-discharge-date",
    "discharge",
    "medicines-review",
    "two-week-wait",
    "orthopaedic-bed",
}


def test_the_packaged_tables_hold_the_seven_clocks() -> None:
    assert set(limits()) == REQUIRED


@pytest.mark.parametrize("cells", [{}, {"unit": "days", "limit": "7", "earliest": "5", "early": "ignored", "warn": "earliest"}])
def test_a_whole_row_is_taken(cells: dict[str, str]) -> None:
    assert read_limits(csv(**cells), calendars())["visit"].display == "Visit"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"clock": "Visit!"}, "row Visit!: a clock is called by small letters"),
        ({"why": ""}, "row visit: why is wanted"),
        ({"of": "Visit"}, "row visit: Visit is no resource type of R4"),
        ({"matches": "patient"}, "matches is one of resource, related, person"),
        ({"unit": "weeks"}, "unit is one of minutes, hours, days"),
        ({"calendar": "night"}, "night is no calendar: always, community-day, surgery"),
        ({"limit": "two"}, "limit is a whole number"),
        ({"limit": "0"}, "the limit is more than nothing"),
        ({"limit": "9000", "unit": "days", "warn": ""}, "366 days at most"),
        ({"earliest": "2", "early": "met"}, "the window ends before it begins"),
        ({"earliest": "1"}, "earliest and early go together"),
        ({"earliest": "1", "early": "late"}, "early is one of met, early, ignored"),
        ({"warn": "earliest"}, "warn: there is no earliest"),
        ({"warn": "0%"}, "warn: 0% is the start itself"),
        ({"warn": "soon"}, "warn is a share such as 75%"),
        ({"warn": "-3h"}, "no time between the start and the limit"),
        ({"warn": ""}, "warn-to: nobody is warned without warn"),
        ({"fresh": "12"}, "fresh is a time such as 30m, 12h or 3d"),
        ({"from": "period.("}, "row visit: from: "),
        ({"from": "authoredOn"}, "row visit: from: "),
        ({"of": "Encounter|ServiceRequest", "from": "period.start"}, "row visit: from: "),
        ({"escalate_to": "everybody"}, "row visit: escalate-to: everybody is nobody"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused(cells: dict[str, str], reason: str) -> None:
    def recipient(text: str) -> None:
        if text not in ("care-team", "named-clinician"):
            raise ValueError(f"{text} is nobody")

    cells = {"from_" if name == "from" else name: value for name, value in cells.items()}
    with pytest.raises(ClocksRefused) as refused:
        read_limits(csv(**cells), calendars(), recipient)
    assert "clocks.csv, row " in str(refused.value)
    assert reason in str(refused.value)


def test_every_reason_is_told_at_once() -> None:
    header, first = csv(unit="weeks")
    _, second = csv(clock="other", limit="0")
    with pytest.raises(ClocksRefused) as refused:
        read_limits([header, first, second], calendars())
    assert str(refused.value).count("clocks.csv, row") == 2


def test_two_clocks_of_one_name_are_refused() -> None:
    header, row = csv()
    with pytest.raises(ClocksRefused, match="the clock is there twice"):
        read_limits([header, row, row], calendars())


def test_columns_that_are_others_are_refused() -> None:
    with pytest.raises(ClocksRefused, match=r"clocks.csv, row 1: the columns are clock, display"):
        read_limits(["clock,limit", "visit,2"], calendars())


HOURS = "calendar,days,opens,closes,why"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (["night,mon,22:00,06:00,x", "night,bank-holiday,closed,closed,x"], "closes at 06:00 before it opens at 22:00"),
        (["day,mon,8:00,18:00,x", "day,bank-holiday,closed,closed,x"], "8:00 is no time of day"),
        (["day,mon,08:00,24:01,x", "day,bank-holiday,closed,closed,x"], "24:01 is no time of day"),
        (["day,noday,08:00,18:00,x", "day,bank-holiday,closed,closed,x"], "noday is no day"),
        (["day,fri-mon,08:00,18:00,x", "day,bank-holiday,closed,closed,x"], "fri-mon ends before it begins"),
        (["day,mon-fri,08:00,12:00,x", "day,fri,11:00,13:00,x", "day,bank-holiday,closed,closed,x"], "overlap"),
        (["day,mon-fri,08:00,12:00,x"], "row day: what bank holidays are is wanted"),
        (["day,bank-holiday,08:00,12:00,x"], "row day: it never opens"),
        (["day,mon,08:00,12:00,x", "day,bank-holiday,closed,12:00,x"], "closed stand in both columns"),
        (["always,mon,08:00,12:00,x"], "always is all hours of all days"),
        (["day,mon,08:00,12:00,", "day,bank-holiday,closed,closed,x"], "why is wanted"),
    ],
)
def test_a_calendar_that_cannot_be_right_is_refused(rows: list[str], reason: str) -> None:
    with pytest.raises(ClocksRefused) as refused:
        read_calendars([HOURS, *rows], holidays())
    assert "calendars.csv, row" in str(refused.value)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (["2026-02-30,x"], "row 2026-02-30: date is a day as YYYY-MM-DD"),
        (["2026-05-04,x", "2026-01-01,y"], "row 2026-01-01: the days stand in order"),
        (["2026-05-04,x", "2026-05-04,x"], "the days stand in order, each once"),
        (["2026-05-04,x"], "row 2026: a year has 8 bank holidays or more, this one has 1"),
        ([], "there is no bank holiday"),
    ],
)
def test_bank_holidays_that_cannot_be_right_are_refused(rows: list[str], reason: str) -> None:
    with pytest.raises(ClocksRefused) as refused:
        read_holidays(["date,name", *rows])
    assert reason in str(refused.value)
