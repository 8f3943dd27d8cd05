"""The packaged tables of clocks, and made-up ones."""

from __future__ import annotations

from interop.clocks.calendars import Calendar, read_calendars
from interop.clocks.holidays import Holidays, read_holidays
from interop.clocks.limits import COLUMNS, Limit, read_limits
from interop.formats.instants import iso_instant
from tests.places import ROOT

FOLDER = ROOT / "mappings" / "rules"
ROW = {
    "clock": "visit",
    "display": "Visit",
    "of": "Encounter",
    "matches": "resource",
    "limit": "2",
    "unit": "hours",
    "calendar": "always",
    "warn": "75%",
    "warn-to": "care-team",
    "escalate-to": "named-clinician",
    "fresh": "12h",
    "why": "a test",
}


def lines(name: str) -> list[str]:
    """Those of a packaged table."""
    return (FOLDER / name).read_text("utf-8").splitlines()


def holidays() -> Holidays:
    return read_holidays(lines("bank-holidays.csv"))


def calendars() -> dict[str, Calendar]:
    return read_calendars(lines("calendars.csv"), holidays())


def limits() -> dict[str, Limit]:
    return read_limits(lines("clocks.csv"), calendars())


def csv(**cells: str) -> list[str]:
    """A table of clocks with one row: ROW with some cells changed."""
    row = ROW | {name.replace("_", "-").removesuffix("-"): value for name, value in cells.items()}
    return [",".join(COLUMNS), ",".join(f'"{row.get(name, "")}"' for name in COLUMNS)]


def limit(**cells: str) -> Limit:
    """The clock of such a row."""
    return read_limits(csv(**cells), calendars())["visit"]


def at(text: str) -> int:
    """A time (Europe/London where it has no offset) in microseconds."""
    found = iso_instant(text)
    assert found is not None
    return found
