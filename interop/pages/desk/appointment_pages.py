"""Appointments: of a person, in the books of a day; booked, moved and cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.inside import NotGiven
from interop.errors import Problem
from interop.fhir.shapes import dicts, text
from interop.pages import finding
from interop.pages.desk.booking import REASONS, book, cancel, move
from interop.pages.desk.clinics import Day, Service, clinics, open_now
from interop.pages.desk.diary import booked, diary
from interop.pages.desk.dispatch import Quicker
from interop.pages.patient import banner, person, records
from interop.pages.record.asking import looked_up
from interop.pages.visiting import Visit
from interop.screen.words import day as worded

GET: Final = ["GET", "HEAD"]
FIND: Final = "/desk/appointments"
TITLE: Final = "Appointments"
NONE: Final[Mapping[str, str]] = {}
FURTHEST: Final = timedelta(days=400)
"""How far ahead of today a day may be asked for."""


def routes(app: FastAPI, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Pages and their forms."""

    async def entered(request: Request) -> Visit:
        here = await visit(request)
        here.enter("desk")
        return here

    @app.api_route(FIND, methods=GET, response_class=HTMLResponse)
    async def form(request: Request) -> HTMLResponse:
        return (await entered(request)).page("desk/find.html", TITLE, finding=finding.Finding())

    @app.post(FIND)
    async def find(request: Request) -> HTMLResponse:
        here = await entered(request)
        found = await finding.find(here, await here.form())
        return here.page("desk/find.html", TITLE, status=found.status, finding=found)

    @app.api_route("/desk/appointments/{patient}", methods=GET, response_class=HTMLResponse)
    async def of_person(request: Request, patient: str) -> HTMLResponse:
        here = await entered(request)
        found, absent = await records(here, patient)
        who = person(here, patient, found) | {"absent": absent}
        held = await diary(here, [each["id"] for each in found])
        return here.page("desk/diary.html", TITLE, person=who, patient=patient, diary=held)

    @app.api_route("/desk/clinics", methods=GET, response_class=HTMLResponse)
    async def by_day(request: Request) -> HTMLResponse:
        here = await entered(request)
        on = _day(here)
        open_, books = await asyncio.gather(_open(here), clinics(here, on))
        return here.page("desk/clinics.html", "Clinics by day", **_books(on, books), open_services=open_, as_of=f"{here.now:%H:%M}")

    @app.api_route("/desk/book/{patient}", methods=GET, response_class=HTMLResponse)
    async def choose(request: Request, patient: str) -> HTMLResponse:
        return await _choose(await entered(request), patient)

    @app.post("/desk/book/{patient}")
    async def booking(request: Request, patient: str) -> Response:
        here = await entered(request)
        sent = await _slot(here)
        if not sent.get("slot"):
            return await _choose(here, patient, sent, errors={"slot": "Choose a time"})
        try:
            await book(here, patient, sent)
        except Quicker:
            return await _choose(here, patient, sent, quicker=True)
        return here.lead(f"/desk/appointments/{patient}")

    @app.api_route("/desk/appointment/{id}", methods=GET, response_class=HTMLResponse)
    async def one(request: Request, id: str) -> HTMLResponse:
        return await _one(await entered(request), id)

    @app.post("/desk/appointment/{id}")
    async def change(request: Request, id: str) -> Response:
        here = await entered(request)
        sent = await _slot(here)
        appointment = await here.api.get(f"/fhir/Appointment/{id}")
        wanted = "slot" if sent.get("step") == "move" else "reason"
        if not sent.get(wanted):
            return await _one(here, id, errors={wanted: "Choose a time" if wanted == "slot" else "Choose why"})
        try:
            await (move if wanted == "slot" else cancel)(here, appointment, sent)
        except Quicker:
            return await _one(here, id, quicker=True)
        return here.lead(f"/desk/appointments/{_patient(appointment)}")


async def _choose(
    here: Visit,
    patient: str,
    sent: Mapping[str, str] | None = None,
    *,
    errors: Mapping[str, str] | None = None,
    quicker: bool = False,
) -> HTMLResponse:
    on = _day(here)
    who, books = await asyncio.gather(banner(here, patient), clinics(here, on))
    once = (sent or {}).get("once") or uuid4().hex
    values = {
        "patient": patient,
        "once": uuid4().hex if quicker else once,
        "what": (sent or {}).get("what", ""),
        "quicker": quicker,
    }
    status = 409 if quicker else 400 if errors else 200
    return here.page(
        "desk/book.html", "Book an appointment", status=status, **who, **_books(on, books), **values, errors=errors or {}
    )


async def _one(here: Visit, id: str, *, errors: Mapping[str, str] = NONE, quicker: bool = False) -> HTMLResponse:
    appointment = await here.api.get(f"/fhir/Appointment/{id}")
    names = await looked_up(here, [appointment])
    on = _day(here)
    who, books = await asyncio.gather(banner(here, _patient(appointment)), clinics(here, on))
    status = 409 if quicker else 400 if errors else 200
    values = {"one": booked(appointment, names, here.now), "patient": _patient(appointment), "reasons": REASONS, "quicker": quicker}
    return here.page(
        "desk/appointment.html", "Move or cancel", status=status, **who, **_books(on, books), **values, errors=errors or {}
    )


async def _slot(here: Visit) -> dict[str, str]:
    """The form, in which a time stands with its version."""
    sent = dict(await here.form())
    slot, _, version = sent.get("slot", "").partition(" ")
    return sent | {"slot": slot, "version": version}


async def _open(here: Visit) -> list[Service]:
    try:
        return await open_now(here)
    except NotGiven:
        return []


def _books(on: date, books: Day) -> dict[str, Any]:
    return {
        "day": on,
        "said_day": f"{on:%A} {worded(on.isoformat())}",
        "before": on - timedelta(days=1),
        "after": on + timedelta(days=1),
        "books": books,
    }


def _day(here: Visit) -> date:
    """The day that the address names, today where it names none. Raises Problem ``bad-parameter``."""
    said = here.request.query_params.get("day", "")
    try:
        found = date.fromisoformat(said) if said else here.now.date()
    except ValueError:
        raise Problem("bad-parameter", where="day") from None
    if abs(found - here.now.date()) > FURTHEST:
        raise Problem("bad-parameter", where="day")
    return found


def _patient(appointment: Mapping[str, Any]) -> str:
    actors = (text(each.get("actor"), "reference") for each in dicts(appointment, "participant"))
    found = next((each.removeprefix("Patient/") for each in actors if each.startswith("Patient/")), "")
    if not found:
        raise Problem("not-found")
    return found
