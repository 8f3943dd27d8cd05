"""Appointments as they are shown: how each stands, when by the clock on the wall, where, with whom and who booked it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from interop.fhir.shapes import Json, chosen, dicts, text
from interop.pages.record.asking import Known
from interop.pages.record.origins import Origin, origin
from interop.screen.words import LONDON, MONTHS

STATUS: Final = {
    "proposed": "Proposed: not agreed yet",
    "pending": "Not confirmed yet",
    "booked": "Booked",
    "arrived": "Arrived",
    "fulfilled": "Attended",
    "cancelled": "Cancelled",
    "noshow": "Did not attend",
    "entered-in-error": "Entered in error",
    "checked-in": "Checked in",
    "waitlist": "On the waiting list",
}
OVER: Final = frozenset(("cancelled", "entered-in-error"))
"""Of these nobody is expected."""
MISSED: Final = "noshow"
BOOKED_BY: Final = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-BookingOrganization"
NOT_ATTENDED: Final = "urn:interop:extension:did-not-attend-reason"
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WHERE: Final = ("Location", "HealthcareService")
WHO: Final = ("Practitioner", "PractitionerRole")


@dataclass(frozen=True, slots=True)
class Booking:
    """One Appointment. ``standing`` is ``over``, ``missed`` or ''; ``near`` is Today, Tomorrow or ''."""

    id: str
    status: str
    standing: str
    when: str
    near: str
    lasts: str
    what: str
    reason: str
    where: str
    who: str
    why_over: str
    comment: str
    booked_by: str
    origin: Origin


def booking(resource: Json, known: Known, today: date) -> Booking:
    """An Appointment as it is shown; ``today`` by the clock on an English wall."""
    status = text(resource, "status")
    people = [each.get("actor") for each in dicts(resource, "participant")]
    where = _called(people, WHERE, known)
    words = known.words
    what = _first(resource, ("serviceType", "specialty", "serviceCategory"), known) or text(resource, "description")
    start, end = _local(text(resource, "start")), _local(text(resource, "end"))
    return Booking(
        text(resource, "id"),
        STATUS.get(status, status),
        "missed" if status == MISSED else "over" if status in OVER else "",
        _when(start, end),
        _near(start.date(), today) if start is not None else "",
        _lasts(start, end, resource.get("minutesDuration")),
        what or (where[0] if where else "Appointment"),
        "; ".join(dict.fromkeys(each for each in _reasons(resource, known) if each != what)),
        ", ".join(each for each in where if each != what),
        ", ".join(_called(people, WHO, known)),
        words.of(resource.get("cancelationReason")) or _extended(resource, NOT_ATTENDED, known),
        text(resource, "comment") or text(resource, "patientInstruction"),
        _extended(resource, BOOKED_BY, known),
        origin(resource, known),
    )


def _reasons(resource: Json, known: Known) -> list[str]:
    said = [known.words.of(each) for each in dicts(resource, "reasonCode")]
    return [*filter(None, said), *filter(None, [text(resource, "description")])]


def _first(resource: Json, names: tuple[str, ...], known: Known) -> str:
    return next((said for name in names for each in dicts(resource, name) if (said := known.words.of(each))), "")


def _called(people: list[Any], types: tuple[str, ...], known: Known) -> list[str]:
    found = [each for each in people if isinstance(each, dict) and text(each, "reference").partition("/")[0] in types]
    return list(dict.fromkeys(filter(None, map(known.called, found))))


def _extended(resource: Json, url: str, known: Known) -> str:
    """What an extension says; of a Reference to what is contained, what that is called."""
    for each in dicts(resource, "extension"):
        value = chosen(each, "value")
        if text(each, "url") == url and value is not None:
            reference = text(value[1], "reference")
            inside = [one for one in dicts(resource, "contained") if reference == f"#{text(one, 'id')}"]
            said = known.words.of(inside[0]) if inside else known.called(value[1])
            if said:
                return said
    return ""


def _when(start: datetime | None, end: datetime | None) -> str:
    if start is None:
        return "Time not set"
    said = f"{DAYS[start.weekday()]} {start.day:02}-{MONTHS[start.month - 1]}-{start.year} {start:%H:%M}"
    return f"{said} to {end:%H:%M}" if end is not None and end.date() == start.date() and end > start else said


def _near(day: date, today: date) -> str:
    return "Today" if day == today else "Tomorrow" if day == today + timedelta(days=1) else ""


def _lasts(start: datetime | None, end: datetime | None, minutes: Any) -> str:
    """How long, where no end tells."""
    return f"{minutes} minutes" if isinstance(minutes, int) and minutes > 0 and (start is None or end is None) else ""


def _local(said: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(said)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(LONDON)
    except (ValueError, OverflowError):
        return None
