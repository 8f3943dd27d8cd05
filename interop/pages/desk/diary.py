"""A person's appointments with all organisations, and where one visit might do for two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from interop.apply.drafts import SOURCE
from interop.fhir.shapes import dicts, text
from interop.pages.desk import timing
from interop.pages.record.asking import Known, known, search
from interop.pages.record.origins import OURS, absent, origin, said_of
from interop.pages.visiting import Visit
from interop.screen.words import LONDON, day

Json = dict[str, Any]
BACK: Final = timedelta(days=30)
MOST: Final = 100
"""Appointments that are shown."""
KEPT: Final = ("proposed", "pending", "booked", "arrived", "checked-in", "waitlist")
WORDS: Final = {
    "proposed": "Proposed",
    "pending": "Not confirmed",
    "booked": "Booked",
    "arrived": "Arrived",
    "checked-in": "Arrived",
    "waitlist": "On a waiting list",
    "fulfilled": "Attended",
    "cancelled": "Cancelled",
    "noshow": "Did not come",
}
NOT_OURS: Final = "Kept by the organisation’s own system: ring them to move or cancel it."
HERE: Final = OURS["api"]
HERE_SOURCE: Final = f"{SOURCE}api"


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment. ``owner`` is who keeps it; ``ours``: it was booked through this service and may be moved here."""

    id: str
    at: datetime | None
    what: str
    where: str
    owner: str
    status: str
    ours: bool
    kept: bool
    version: str
    resource: Json

    @property
    def when(self) -> str:
        return f"{day(self.at.date().isoformat())} {self.at:%H:%M}" if self.at is not None else "No date"


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
    names = await known(here.api, appointments)
    shown = [booked(each, names) for each in appointments]
    ahead = [each for each in shown if each.kept and each.at is not None and each.at >= here.now.replace(hour=0, minute=0)]
    past = [each for each in shown if each not in ahead]
    said = [each.words for each in absent(found.outcomes)] + said_of(found.outcomes)
    return Diary(ahead, past[::-1], together(ahead), said, found.total or len(shown))


def booked(resource: Json, names: Known) -> Booked:
    """An appointment as it is shown."""
    said = origin(resource, names)
    actors = [each.get("actor") for each in dicts(resource, "participant")]
    where = [names.called(each) for each in actors if not text(each, "reference").startswith("Patient/")]
    kinds = [*dicts(resource, "serviceType"), resource.get("appointmentType") or {}, *dicts(resource, "specialty")]
    status = text(resource, "status")
    return Booked(
        resource["id"],
        timing.at(text(resource, "start")),
        text(resource, "description") or next(filter(None, (names.words.of(each) for each in kinds)), "") or "Appointment",
        ", ".join(dict.fromkeys(filter(None, where))),
        said.organisation or said.feed,
        WORDS.get(status, status),
        said.feed == HERE,
        status in KEPT,
        f'W/"{resource["meta"]["versionId"]}"',
        resource,
    )


def together(ahead: Sequence[Booked]) -> dict[date, list[Booked]]:
    """The days on which more than one keeper or place sees the person."""
    days: dict[date, list[Booked]] = {}
    for each in ahead:
        if each.at is not None:
            days.setdefault(each.at.astimezone(LONDON).date(), []).append(each)
    return {at: held for at, held in days.items() if len({(one.owner, one.where) for one in held}) > 1}
