"""Booking, moving and cancelling: an Appointment takes its time and gives it back (``interop.apply.times``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from interop.api.asgi import Header
from interop.api.inside import NotGiven
from interop.errors import Problem
from interop.fhir.shapes import dicts, text
from interop.pages.desk.dispatch import Quicker, version_of
from interop.pages.desk.steps import LONGEST
from interop.pages.visiting import Visit

Json = dict[str, Any]
FORM: Final = "urn:interop:desk-form"
"""System of the number that a form has, by which what is sent twice is written once."""
CANCELLED: Final = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_BOOK: Final = re.compile(r"Schedule/[A-Za-z0-9\-.]{1,64}", re.ASCII)
REASONS: Final = {"pat": "The person asked for it", "prov": "The clinic asked for it", "oth": "Another reason"}


async def book(here: Visit, patient: str, form: Mapping[str, str]) -> None:
    """Book the free time that a form names. Raises Quicker where it was taken meanwhile, NotGiven, Problem ``bad-parameter``."""
    once = form.get("once", "")
    if not once:
        raise Problem("bad-parameter", where="once")
    if await _written(here, once):
        return
    slot, schedule = await _free(here, form)
    made = {
        "resourceType": "Appointment",
        "identifier": [{"system": FORM, "value": once}],
        "status": "booked",
        **_at(slot, schedule),
        "created": here.now.isoformat(timespec="seconds"),
        "participant": [{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}, *_actors(schedule)],
    }
    if said := form.get("what", ""):
        made["description"] = said[:LONGEST]
    only = urlencode({"identifier": f"{FORM}|{once}"}).encode("ascii")
    try:
        await _sent(here, "POST", "/fhir/Appointment", made, (b"if-none-exist", only))
    except Quicker:
        if not await _written(here, once):  # by the other click of two
            raise


async def move(here: Visit, appointment: Json, form: Mapping[str, str]) -> None:
    """Move an appointment to the free time that a form names; the old one is free then. Raises as ``book``."""
    if text(next(iter(dicts(appointment, "slot")), None), "reference") == f"Slot/{form.get('slot')}":
        return
    slot, schedule = await _free(here, form)
    whoever = [each for each in dicts(appointment, "participant") if text(each.get("actor"), "reference").startswith("Patient/")]
    moved = appointment | {"status": "booked", **_at(slot, schedule), "participant": [*whoever, *_actors(schedule)]}
    await _over(here, moved, form)


async def cancel(here: Visit, appointment: Json, form: Mapping[str, str]) -> None:
    """Cancel an appointment; its time is free then. Raises as ``book``."""
    if appointment["status"] == "cancelled":
        return
    code = form.get("reason", "")
    if code not in REASONS:
        raise Problem("bad-parameter", where="reason")
    reason = {"coding": [{"system": CANCELLED, "code": code}], "text": REASONS[code]}
    await _over(here, appointment | {"status": "cancelled", "cancelationReason": reason}, form)


async def _over(here: Visit, appointment: Json, form: Mapping[str, str]) -> None:
    path = f"/fhir/Appointment/{appointment['id']}"
    await _sent(here, "PUT", path, appointment, (b"if-match", form.get("held", "").encode("utf-8")))


async def _sent(here: Visit, method: str, path: str, resource: Json, condition: Header) -> None:
    try:
        await here.api.send(method, path, resource, [condition])
    except NotGiven as refused:
        if refused.status not in (409, 412):
            raise
        raise Quicker("") from None


async def _written(here: Visit, once: str) -> bool:
    """Whether a form was sent before."""
    found = await here.api.search("Appointment", [("identifier", f"{FORM}|{once}"), ("_count", "1")])
    return any(each["resourceType"] == "Appointment" for each in found)


async def _free(here: Visit, form: Mapping[str, str]) -> tuple[Json, Json]:
    """The time that a form names, which must be as it was shown, and its book."""
    id_ = form.get("slot", "")
    if not _ID.fullmatch(id_):
        raise Problem("bad-parameter", where="slot")
    slot = await here.api.get(f"/fhir/Slot/{id_}")
    if version_of(slot) != form.get("version") or slot["status"] != "free":
        raise Quicker("")
    book = text(slot.get("schedule"), "reference")
    if not _BOOK.fullmatch(book):  # whoever wrote the Slot does not say what is asked
        raise Problem("not-found")
    return slot, await here.api.get(f"/fhir/{book}")


def _at(slot: Json, schedule: Json) -> Json:
    kinds = slot.get("serviceType") or schedule.get("serviceType")
    made = {"slot": [{"reference": f"Slot/{slot['id']}"}], "start": slot["start"], "end": slot["end"]}
    return made | ({"serviceType": kinds} if kinds else {})


def _actors(schedule: Json) -> list[Json]:
    return [{"actor": each, "status": "accepted"} for each in dicts(schedule, "actor")]
