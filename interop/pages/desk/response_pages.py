"""``/desk/response/[patient]``: an urgent response of a person, and what the desk does about it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.pages.desk.dispatch import Quicker, note_step, response
from interop.pages.desk.forms import wrong
from interop.pages.desk.steps import OUTCOMES, STEPS, Wrong
from interop.pages.patient import banner
from interop.pages.visiting import Visit

ADDRESS: Final = "/desk/response/{patient}"
TITLE: Final = "Urgent response"
NONE: Final[Mapping[str, str]] = {}


def routes(app: FastAPI, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """The page, and the form of each step."""

    @app.api_route(ADDRESS, methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def sheet(request: Request, patient: str) -> HTMLResponse:
        here = await visit(request)
        here.enter("desk")
        return await _page(here, patient)

    @app.post(ADDRESS)
    async def step(request: Request, patient: str) -> Response:
        here = await visit(request)
        here.enter("desk")
        form = await here.form()
        try:
            await note_step(here, patient, form)
        except Wrong as mistake:
            return await _page(here, patient, form, {mistake.field: mistake.words})
        except Quicker as quicker:
            return await _page(here, patient, quicker=quicker)
        return here.lead(f"/desk/response/{patient}")


async def _page(
    here: Visit,
    patient: str,
    form: Mapping[str, str] = NONE,
    errors: Mapping[str, str] = NONE,
    *,
    quicker: Quicker | None = None,
) -> HTMLResponse:
    person, shown = await asyncio.gather(banner(here, patient), response(here, patient))
    may = {name for name, each in STEPS.items() if shown.sheet.open and shown.sheet.state in each.at}
    return here.page(
        "desk/response.html",
        TITLE,
        **person,
        patient=patient,
        shown=shown,
        sheet=shown.sheet,
        may=may,
        outcomes=OUTCOMES,
        form=form,
        quicker=quicker,
        at=f"{here.now:%H:%M}",
        **wrong(errors, quicker=quicker is not None),
    )
