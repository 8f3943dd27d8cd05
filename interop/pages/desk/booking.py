"""Booking, moving and cancelling: one transaction each, so that a time is given to one person alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from interop.api.inside import NotGiven
from interop.errors import Problem
from interop.fhir.shapes import dicts, text
from interop.pages.desk.dispatch import Quicker, version_of
from interop.pages.visiting import Visit

Json = dict[str, Any]
FORM: Final = "urn:interop:desk-form"
"""System of the number that a form has, by which what is sent twice is written once."""
CANCELLED: Final = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
REASONS: Final = {"pat": "The person asked for it", "prov": "The clinic asked for it", "oth": "Another reason"}


def entry(method: str, resource: Json, **conditions: str) -> Json:
    """An entry of a transaction."""
    url = resource["resourceType"] if method == "POST" else f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": method, "url": url, **conditions}}


async def book(here: Visit, patient: str, form: Mapping[str, str]) -> None:
    """Book the free time that a form names. Raises Quicker where it was taken meanwhile, NotGiven, Problem ``bad-parameter``."""
    if await _written(here, form.get("once", "")):
        return
    slot, schedule = await _free(here, form)
    made = {
        "resourceType": "Appointment",
        "identifier": [{"system": FORM, "value": form["once"]}],
        "status": "booked",
        **_at(slot, schedule),
        "created": here.now.isoformat(timespec="seconds"),
        "participant": [{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}, *_actors(schedule)],
    }
    if said := form.get("what", ""):
        made["description"] = said
    await _together(here, entry("PUT", slot | {"status": "busy"}, ifMatch=form["version"]), entry("POST", made))


async def move(here: Visit, appointment: Json, form: Mapping[str, str]) -> None:
    """Move an appointment to the free time that a form names, and give the old one back. Raises as ``book``."""
    if text(next(iter(dicts(appointment, "slot")), None), "reference") == f"Slot/{form.get('slot')}":
        return
    slot, schedule = await _free(here, form)
    whoever = [each for each in dicts(appointment, "participant") if text(each.get("actor"), "reference").startswith("Patient/")]
    moved = appointment | {"status": "booked", **_at(slot, schedule), "participant": [*whoever, *_actors(schedule)]}
    entries = [entry("PUT", slot | {"status": "busy"}, ifMatch=form["version"]), entry("PUT", moved, ifMatch=form["held"])]
    await _together(here, *entries, *await _given_back(here, appointment))


async def cancel(here: Visit, appointment: Json, form: Mapping[str, str]) -> None:
    """Cancel an appointment and give its time back. Raises as ``book``."""
    if appointment["status"] == "cancelled":
        return
    code = form.get("reason", "")
    if code not in REASONS:
        raise Problem("bad-parameter", where="reason")
    reason = {"coding": [{"system": CANCELLED, "code": code}], "text": REASONS[code]}
    ended = appointment | {"status": "cancelled", "cancelationReason": reason}
    await _together(here, entry("PUT", ended, ifMatch=form.get("held", "")), *await _given_back(here, appointment))


async def _together(here: Visit, *entries: Json) -> None:
    try:
        await here.api.send("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)})
    except NotGiven as refused:
        if refused.status not in (409, 412):
            raise
        raise Quicker("") from None


async def _written(here: Visit, once: str) -> bool:
    """Whether a form was sent before."""
    if not once:
        raise Problem("bad-parameter", where="once")
    found = await here.api.search("Appointment", [("identifier", f"{FORM}|{once}"), ("_count", "1")])
    return any(each["resourceType"] == "Appointment" for each in found)


async def _free(here: Visit, form: Mapping[str, str]) -> tuple[Json, Json]:
    """The time that a form names, which must be as it was shown, and its book."""
    id_ = form.get("slot", "")
    if not id_:
        raise Problem("bad-parameter", where="slot")
    slot = await here.api.get(f"/fhir/Slot/{id_}")
    if version_of(slot) != form.get("version") or slot["status"] != "free":
        raise Quicker("")
    return slot, await here.api.get(f"/fhir/{slot['schedule']['reference']}")


async def _given_back(here: Visit, appointment: Json) -> list[Json]:
    made = []
    for each in dicts(appointment, "slot"):
        try:
            slot = await here.api.get(f"/fhir/{text(each, 'reference')}")
        except NotGiven:  # nobody here may see it: its keeper frees it
            continue
        made.append(entry("PUT", slot | {"status": "free"}, ifMatch=version_of(slot)))
    return made


def _at(slot: Json, schedule: Json) -> Json:
    kinds = slot.get("serviceType") or schedule.get("serviceType")
    made = {"slot": [{"reference": f"Slot/{slot['id']}"}], "start": slot["start"], "end": slot["end"]}
    return made | ({"serviceType": kinds} if kinds else {})


def _actors(schedule: Json) -> list[Json]:
    return [{"actor": each, "status": "accepted"} for each in dicts(schedule, "actor")]
