"""A person's appointments with all organisations, and where one visit might do for two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from interop.apply.drafts import SOURCE
from interop.fhir.shapes import dicts, text
from interop.pages.desk import timing
from interop.pages.desk.dispatch import version_of
from interop.pages.record.asking import Known, looked_up, search
from interop.pages.record.bookings import Booking, booking
from interop.pages.record.origins import OURS, absent, said_of
from interop.pages.visiting import Visit
from interop.screen.words import LONDON

Json = dict[str, Any]
BACK: Final = timedelta(days=30)
MOST: Final = 100
"""Appointments that are shown."""
KEPT: Final = ("proposed", "pending", "booked", "arrived", "checked-in", "waitlist")
HERE: Final = OURS["api"]
HERE_SOURCE: Final = f"{SOURCE}api"


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment: ``said`` is what is shown of it; ``ours``: it was booked through this service and may be moved here;
    ``kept``: somebody is expected; ``others``: who
    takes part by name alone."""

    said: Booking
    at: datetime | None
    ours: bool
    kept: bool
    version: str
    others: str = ""

    @property
    def owner(self) -> str:
        """Who keeps it."""
        return self.said.booked_by or self.said.origin.organisation or self.said.origin.feed

    @property
    def called(self) -> str:
        return self.said.reason or self.said.what

    @property
    def place(self) -> str:
        """Where and with whom."""
        parts = (self.said.what if self.said.reason else "", self.said.where, self.said.who, self.others)
        return ", ".join(dict.fromkeys(filter(None, parts)))


@dataclass(frozen=True, slots=True)
class Diary:
    """``same`` are days on which several organisations see the person: a question to those who visit, no answer. ``said``:
    what is absent, in the words of the API."""

    ahead: list[Booked]
    past: list[Booked]
    same: dict[date, list[Booked]]
    said: list[str]
    total: int


async def diary(here: Visit, patients: Sequence[str]) -> Diary:
    """Of one person, under all of their Patients. Raises NotGiven."""
    since = (here.now.date() - BACK).isoformat()
    criteria = [
        ("patient", ",".join(patients)),
        ("date", f"ge{since}"),
        ("_sort", "date"),
        ("_count", str(MOST)),
        ("_total", "accurate"),
    ]
    found = await search(here.api, "Appointment", criteria)
    appointments = [each for each in found.matches if each["resourceType"] == "Appointment"]
    names = await looked_up(here, appointments)
    shown = [booked(each, names, here.now) for each in appointments]
    ahead = [each for each in shown if each.kept and each.at is not None and each.at >= here.now.replace(hour=0, minute=0)]
    past = [each for each in shown if each not in ahead]
    said = [each.words for each in absent(found.outcomes)] + said_of(found.outcomes)
    return Diary(ahead, past[::-1], together(ahead), said, found.total or len(shown))


def booked(resource: Json, names: Known, now: datetime) -> Booked:
    """An appointment as it is shown."""
    said = booking(resource, names, now.date())
    kept = text(resource, "status") in KEPT
    actors = [each["actor"] for each in dicts(resource, "participant") if "actor" in each]
    others = ", ".join(text(each, "display") for each in actors if not text(each, "reference") and text(each, "display"))
    return Booked(said, timing.at(text(resource, "start")), said.origin.feed == HERE, kept, version_of(resource), others)


def together(ahead: Sequence[Booked]) -> dict[date, list[Booked]]:
    """The days on which more than one keeper or place sees the person."""
    days: dict[date, list[Booked]] = {}
    for each in ahead:
        if each.at is not None:
            days.setdefault(each.at.astimezone(LONDON).date(), []).append(each)
    return {at: held for at, held in days.items() if len({(one.owner, one.place) for one in held}) > 1}
