"""What of a record is looked up beside the crew card: problems, contacts, appointments, results. A line each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from interop.fhir.shapes import Json, chosen, dicts, text
from interop.pages.record.asking import Known
from interop.pages.record.cards import Line, Tag
from interop.pages.record.readings import STATUS, readings
from interop.pages.record.sources import Sources
from interop.screen.words import clock, day, moment

Shape = Callable[[Json, Known, Sources], Line | None]
CLASSES: Final = {
    "AMB": "Outpatient or clinic",
    "EMER": "Emergency attendance",
    "FLD": "At the scene",
    "HH": "Home visit",
    "IMP": "Inpatient stay",
    "ACUTE": "Inpatient stay",
    "NONAC": "Inpatient stay",
    "OBSENC": "Observation stay",
    "PRENC": "Before admission",
    "SS": "Day case",
    "VR": "By telephone or video",
}
"""Kinds of contact (HL7 v3 ActEncounterCode, as R4 has it)."""
BOOKED: Final = {
    "proposed": "Proposed",
    "pending": "Not confirmed",
    "booked": "",
    "arrived": "Arrived",
    "fulfilled": "",
    "cancelled": "Cancelled",
    "noshow": "Did not attend",
    "entered-in-error": "Entered in error",
    "checked-in": "Checked in",
    "waitlist": "Waiting list",
}
UNDER_WAY: Final = {
    "in-progress": "Under way",
    "onleave": "On leave",
    "arrived": "Arrived",
    "planned": "Planned",
    "cancelled": "Cancelled",
}
"""Statuses of an Encounter that are said."""


def problem(resource: Json, known: Known, sources: Sources) -> Line | None:
    """A Condition."""
    onset = chosen(resource, "onset")
    since = f"Since {day(onset[1])}" if onset is not None and onset[0] == "DateTime" and isinstance(onset[1], str) else ""
    verified = _code(resource.get("verificationStatus"))
    severity = known.words.of(resource.get("severity"))
    tags = [Tag(each, "yellow") for each in (verified.capitalize() if verified not in ("", "confirmed") else "",) if each]
    if not _code(resource.get("clinicalStatus")):
        tags.append(Tag("Not said whether it is active", "grey"))
    return Line(
        known.words.of(resource.get("code")) or "Problem not named",
        tuple(each for each in (severity, since) if each),
        tuple(tags),
        day(text(resource, "recordedDate")) if text(resource, "recordedDate") else "",
        sources.of_resource(resource, known),
    )


def contact(resource: Json, known: Known, sources: Sources) -> Line | None:
    """An Encounter."""
    status = text(resource, "status")
    if status == "entered-in-error":
        return None
    kind = text(resource.get("class"), "display") or text(resource.get("class"), "code")
    kind = CLASSES.get(text(resource.get("class"), "code"), kind)
    types = [known.words.of(each) for each in dicts(resource, "type")]
    why = [known.words.of(each) for each in dicts(resource, "reasonCode")]
    where = [known.called(each.get("location")) for each in dicts(resource, "location")]
    who = [known.called(each.get("individual")) for each in dicts(resource, "participant")]
    left = resource.get("hospitalization")
    outcome = known.words.of(left.get("dischargeDisposition")) if isinstance(left, dict) else ""
    period = resource.get("period")
    end = text(period, "end")
    details = [*types, *why, *where[-1:], *who[:2], f"Outcome: {outcome}" if outcome else "", _until(text(period, "start"), end)]
    return Line(
        kind or "Contact",
        tuple(dict.fromkeys(each for each in details if each)),
        tuple(Tag(each, "yellow" if status != "cancelled" else "grey") for each in [UNDER_WAY.get(status, "")] if each),
        moment(text(period, "start")) if text(period, "start") else "",
        sources.of_resource(resource, known),
    )


def appointment(resource: Json, known: Known, sources: Sources) -> Line | None:
    """An Appointment: what, with whom, where."""
    status = text(resource, "status")
    if status == "entered-in-error":
        return None
    actors = [each.get("actor") for each in dicts(resource, "participant")]
    others = [
        known.called(each) for each in actors if isinstance(each, dict) and not text(each, "reference").startswith("Patient/")
    ]
    what = [known.words.of(each) for name in ("serviceType", "specialty", "reasonCode") for each in dicts(resource, name)]
    title = next((each for each in (*what, text(resource, "description")) if each), "Appointment")
    start, end = text(resource, "start"), text(resource, "end")
    until = f"{moment(start)} to {moment(end).rpartition(' ')[2]}" if start and end and day(start) == day(end) else moment(start)
    return Line(
        title,
        tuple(dict.fromkeys(each for each in (*others, text(resource, "comment"), text(resource, "patientInstruction")) if each)),
        tuple(
            Tag(each, "grey" if status in ("cancelled", "noshow") else "yellow") for each in [BOOKED.get(status, status)] if each
        ),
        until if start else "",
        sources.of_resource(resource, known),
    )


def result(resource: Json, known: Known, sources: Sources) -> Line | None:
    """An Observation that has a value; None for any other."""
    status = text(resource, "status")
    values = readings(resource, known.words)
    if not values or status == "entered-in-error":
        return None
    said = "; ".join(f"{each.name}: {each.words}" if each.name else each.words for each in values[:4])
    flags = dict.fromkeys((each.flag_words, each.critical) for each in values if each.flag not in ("", "normal"))
    tags = [Tag(words, "red" if critical else "orange") for words, critical in flags]
    if STATUS.get(status):
        tags.append(Tag(STATUS[status], "yellow"))
    effective = chosen(resource, "effective")
    at = effective[1] if effective is not None and isinstance(effective[1], str) else text(resource, "issued")
    ranges = dict.fromkeys(f"Range {each.range.words}" for each in values if each.range is not None and each.range.words)
    name = known.words.of(resource.get("code")) or "Result not named"
    return Line(f"{name}: {said}", tuple(ranges), tuple(tags), moment(at) if at else "", sources.of_resource(resource, known))


def lines(resources: Sequence[Json], shape: Shape, known: Known, sources: Sources, most: int) -> tuple[Line, ...]:
    """So many of them as lines."""
    found = (shape(each, known, sources) for each in resources)
    return tuple([each for each in found if each is not None][:most])


def _until(start: str, end: str) -> str:
    """When it was over: the time of the day alone on the day on which it began."""
    if not end:
        return ""
    same = start and day(start) == day(end) and clock(end)
    return f"Until {clock(end)}" if same else f"Until {moment(end)}"


def _code(concept: object) -> str:
    return next((text(each, "code") for each in dicts(concept, "coding") if text(each, "code")), "")
