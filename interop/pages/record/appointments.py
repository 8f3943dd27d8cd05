"""``/record/{patient}/appointments``: from everywhere, what is to come first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request

from interop.api.services import Services
from interop.clock import instant
from interop.fhir.shapes import Json
from interop.pages.record import asking
from interop.pages.record.bookings import booking
from interop.pages.record.origins import absent, lacking
from interop.pages.record.showing import showing
from interop.pages.visiting import Visit

PART: Final = "/appointments"
MOST: Final = 50
"""Of each list, so many are shown."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Appointments."""
    showing(app, visit, PART)("/appointments", "record/appointments.html", all_of, "Appointments")


async def all_of(here: Visit, patient: str, patients: list[Json]) -> dict[str, Any]:
    """Those to come, the nearest first; those without a time; those past, the latest first. Raises NotGiven."""
    now = instant(here.services.clock.now())
    of = [("patient", patient), ("_count", str(MOST)), ("_total", "accurate")]
    coming, unset, past = await asyncio.gather(
        asking.search(here.api, "Appointment", [*of, ("date", f"ge{now}"), ("_sort", "date")]),
        asking.search(here.api, "Appointment", [*of, ("date:missing", "true")]),
        asking.search(here.api, "Appointment", [*of, ("date", f"lt{now}"), ("_sort", "-date")]),
    )
    told = [*coming.outcomes, *unset.outcomes, *past.outcomes]
    names = await asking.looked_up(here, [*patients, *coming.matches, *unset.matches, *past.matches], lacking(told))
    lists = [
        {
            "title": title,
            "none": none,
            "total": found.total,
            "lines": [booking(each, names, here.now.date()) for each in found.matches],
        }
        for title, none, found in (
            ("To come", "None recorded.", coming),
            ("Without a time", "", unset),
            ("Past", "None recorded.", past),
        )
    ]
    return {"lists": lists, "absent": absent(told, names)}
