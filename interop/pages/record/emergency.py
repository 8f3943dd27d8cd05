"""``/record/{patient}/break-glass``: open a record in an emergency, its consequences stated first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.operations.declaring import REASON, USUAL
from interop.api.services import Services
from interop.errors import Problem
from interop.pages.record.access import BREAK, PART, declared, fault
from interop.pages.record.opening import opened, ways
from interop.pages.record.returning import back
from interop.pages.visiting import Visit

TITLE: Final = "Open this record in an emergency"
HOURS: Final = USUAL // 60


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Break-glass."""

    @app.api_route("/record/{patient}/break-glass", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def break_glass(request: Request, patient: str) -> HTMLResponse:
        here = await visit(request)
        _enter(here)
        return await _page(here, patient, back(here, patient), {}, {})

    @app.post("/record/{patient}/break-glass", response_class=HTMLResponse)
    async def declare(request: Request, patient: str) -> Response:
        here = await visit(request)
        _enter(here)
        form = await here.form()
        to = back(here, patient, form.get("to", ""))
        errors = {}
        if (error := fault(form.get("reason", ""))) is not None:
            errors["reason"] = error
        if form.get("understood") != "yes":
            errors["understood"] = "Tick the box to say that you have understood"
        if not errors and (error := await declared(here, patient, "$break-glass", form["reason"])) is not None:
            errors["reason"] = error
        return here.lead(to) if not errors else await _page(here, patient, to, form, errors, 400)


def _enter(here: Visit) -> None:
    """Raises Problem ``forbidden``."""
    here.enter("record")
    if BREAK not in ways(here):
        raise Problem("forbidden", detail="opening a record in an emergency is not for the role that you have")


async def _page(
    here: Visit, patient: str, to: str, said: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> HTMLResponse:
    values = await opened(here, patient, PART, though_withheld=True)
    more = {"to": to, "said": said, "errors": errors, "hours": HOURS, "longest": REASON}
    return here.page("record/break_glass.html", TITLE, status=status, **values, **more)
