"""The first page: what this is, and where whoever has signed on goes from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from interop.api.services import Services
from interop.pages.areas import open_to
from interop.pages.visiting import SignIn, Visit, page
from interop.signon.people import demo_users
from interop.store.plan import Feeds


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """``/``."""

    @app.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def home(request: Request) -> HTMLResponse:
        try:
            here = await visit(request)
        except SignIn:
            people = demo_users().values() if services.signon is not None and services.signon.demo else ()
            return page(services, "home.html", "Shared care record", people=people)
        empty = not any(count.received for count in await services.store.query(Feeds()))
        return here.page("home.html", "Shared care record", areas=open_to(here.asker.role), empty=empty)
