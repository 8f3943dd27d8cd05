"""``/record``: find the person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from interop.api.services import Services
from interop.pages.finding import Finding, find
from interop.pages.visiting import Visit

TITLE = "Find a person"


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """``/record``."""

    @app.api_route("/record", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def record(request: Request) -> HTMLResponse:
        here = await visit(request)
        here.enter("record")
        return here.page("record/find.html", TITLE, finding=Finding())

    @app.post("/record", response_class=HTMLResponse)
    async def record_find(request: Request) -> HTMLResponse:
        here = await visit(request)
        here.enter("record")
        found = await find(here, await here.form())
        return here.page("record/find.html", TITLE, status=found.status, finding=found)
