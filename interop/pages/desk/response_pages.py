"""``/desk/response/[patient]``: an urgent response of a person, and what the desk does about it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from interop.pages.desk.dispatch import Quicker, note_step, response
from interop.pages.desk.forms import NONE, stepping, wrong
from interop.pages.desk.steps import OUTCOMES, STEPS
from interop.pages.patient import banner
from interop.pages.visiting import Visit

ADDRESS: Final = "/desk/response/{patient}"
TITLE: Final = "Urgent response"


def routes(app: FastAPI, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """The page, and the form of each step."""
    stepping(app, visit, ADDRESS, _page, note_step)


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
