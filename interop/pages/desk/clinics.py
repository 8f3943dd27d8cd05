"""What clinics have free on a day, and which services are open now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from interop.fhir.shapes import dicts, text
from interop.pages.desk import timing
from interop.pages.desk.diary import HERE_SOURCE
from interop.pages.record.asking import Known, looked_up, search
from interop.pages.record.origins import absent
from interop.pages.visiting import Visit
from interop.screen.words import LONDON

Json = dict[str, Any]
MOST: Final = 200
"""Slots of a day, and services, that are shown."""
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Slot:
    """A time in a clinic's book. ``ours``: the book is kept through this service, so that it can be booked here."""

    id: str
    at: datetime
    ends: datetime
    free: bool
    ours: bool
    version: str


@dataclass(slots=True)
class Clinic:
    """A Schedule, by what it is called, with its times of a day."""

    id: str
    name: str
    slots: list[Slot] = field(default_factory=list)

    @property
    def free(self) -> int:
        return sum(each.free for each in self.slots)


@dataclass(frozen=True, slots=True)
class Day:
    """``cut``: there are more times than are shown."""

    clinics: list[Clinic]
    said: list[str]
    cut: bool


async def clinics(here: Visit, on: date) -> Day:
    """The books of a day that whoever asks may see. Raises NotGiven."""
    begins = datetime.combine(on, time(), LONDON)
    ends = datetime.combine(on + timedelta(days=1), time(), LONDON)
    criteria = [("start", f"ge{begins.isoformat()}"), ("start", f"lt{ends.isoformat()}"), ("_sort", "start"), ("_count", str(MOST))]
    found = await search(here.api, "Slot", [*criteria, ("_include", "Slot:schedule")])
    slots = [each for each in found.matches if each["resourceType"] == "Slot"]
    books = {f"Schedule/{each['id']}": each for each in found.matches if each["resourceType"] == "Schedule"}
    shown = by_clinic(slots, books, await looked_up(here, books.values()))
    return Day(shown, [each.words for each in absent(found.outcomes)], len(slots) >= MOST)


def by_clinic(slots: list[Json], books: Mapping[str, Json], names: Known) -> list[Clinic]:
    """Times under the clinic whose they are, those with the most free first."""
    made: dict[str, Clinic] = {}
    for each in slots:
        at, ends = timing.at(text(each, "start")), timing.at(text(each, "end"))
        if at is None or ends is None or text(each, "status") == "entered-in-error":
            continue
        book = text(each.get("schedule"), "reference")
        clinic = made.setdefault(book, Clinic(book.removeprefix("Schedule/"), called(books.get(book, {}), names)))
        ours = text(each.get("meta"), "source").partition("#")[0] == HERE_SOURCE
        clinic.slots.append(Slot(each["id"], at, ends, text(each, "status") == "free", ours, f'W/"{each["meta"]["versionId"]}"'))
    return sorted(made.values(), key=lambda each: (-each.free, each.name))


def called(schedule: Json, names: Known) -> str:
    """What to call a clinic: who and where its Schedule names."""
    said = [names.called(each) for each in dicts(schedule, "actor")]
    return ", ".join(dict.fromkeys(filter(None, said))) or text(schedule, "comment") or "A clinic"


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is open. ``until`` in words; ``updated``: when its entry came here."""

    name: str
    where: str
    phone: str
    until: str
    updated: str


async def open_now(here: Visit) -> list[Service]:
    """The services of the directory whose entry says that they are open now. Raises NotGiven."""
    found = await search(here.api, "HealthcareService", [("active", "true"), ("_count", str(MOST))])
    services = [each for each in found.matches if each["resourceType"] == "HealthcareService"]
    names = await looked_up(here, services)
    shown = []
    for each in services:
        if (until := open_until(each, here.now)) is not None:
            where = ", ".join(filter(None, (names.called(one) for one in dicts(each, "location"))))
            phone = next((text(one, "value") for one in dicts(each, "telecom") if text(one, "system") == "phone"), "")
            shown.append(Service(text(each, "name") or "A service", where, phone, until, text(each.get("meta"), "lastUpdated")))
    return sorted(shown, key=lambda each: each.name)


def open_until(service: Json, now: datetime) -> str | None:
    """Until when a service is open that is open now, in words; None where its entry does not say that it is."""
    today = now.date().isoformat()
    for each in dicts(service, "notAvailable"):
        during = each.get("during", {})
        if text(during, "start")[:10] <= today <= (text(during, "end")[:10] or today):
            return None
    for each in dicts(service, "availableTime"):
        if each.get("daysOfWeek") and DAYS[now.weekday()] not in each["daysOfWeek"]:
            continue
        if each.get("allDay") is True:
            return "all day"
        begins, ends = text(each, "availableStartTime"), text(each, "availableEndTime")
        if begins and ends and begins <= f"{now:%H:%M:%S}" < ends:
            return f"until {ends[:5]}"
    return None
