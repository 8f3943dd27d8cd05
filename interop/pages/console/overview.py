"""``/console``: how everything stands, live; and one feed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.api.signon.sessions import STREAM
from interop.errors import Problem
from interop.pages.console.menu import AREA, sections
from interop.pages.console.standing import lines, needs
from interop.pages.visiting import PACKAGE, Visit
from interop.screen.templating import render

EACH: Final = 1.0
"""Seconds between two looks of a page that is live."""
LONGEST: Final = 600
"""Looks after which a stream ends: the browser opens it again, and is asked anew who it is."""
AT_ONCE: Final = 50
"""Streams of one process."""
OF_ONE: Final = 8
"""Of them so many of one session: tabs that stand open."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Three of them."""
    streams = Streams()

    @app.api_route("/console", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def console(request: Request) -> Response:
        here = await visit(request)
        here.enter(AREA)
        return here.page("console/overview.html", "Operations", sections=sections("/console"), **await standing(here))

    @app.api_route("/console/events", methods=["GET"])
    async def events(request: Request) -> Response:
        here = await visit(request)
        here.enter(AREA)
        streams.enter(reader(here))
        said = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(streams.stream(services, here), media_type=STREAM, headers=said)

    @app.api_route("/console/feeds/{name}", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def feed(request: Request, name: str) -> Response:
        here = await visit(request)
        here.enter(AREA)
        told = await here.api.get("/feeds/")
        one = next((each for each in lines(told["feeds"]) if each["feed"] == name), None)
        if one is None:
            raise Problem("not-found")
        coverage = await here.api.get(f"/feeds/{name}/coverage")
        return here.page("console/feed.html", name, sections=sections("/console"), feed=one, coverage=coverage)


async def standing(here: Visit) -> dict[str, Any]:
    """What the part of the page shows that is made anew."""
    feeds, destinations = await here.api.get("/feeds/"), []
    try:
        destinations = (await here.api.get("/deliveries/"))["destinations"]
    except NotGiven as refused:
        if refused.status != 404:  # an engine that sends nothing
            raise
    ready = await here.api.ask("GET", "/health/ready")
    problem = ready.json if ready.status != 200 else None
    shown = {"feeds": lines(feeds["feeds"]), "destinations": destinations, "problem": problem, "at": feeds["time"]}
    return {**shown, "needs": needs(feeds["feeds"], destinations, here.now.timestamp())}


def reader(here: Visit) -> str:
    """Whose the pages are that are live: a session's, or those of one token; '' where nobody signs on."""
    return here.asker.session


class Streams:
    """The pages that are live, by whose they are."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def enter(self, reader: str) -> None:
        """One more; raises Problem ``busy``."""
        if self._full(reader):
            raise Problem("busy")

    def _full(self, reader: str) -> bool:
        return self._open.total() >= AT_ONCE or bool(reader and self._open[reader] >= OF_ONE)

    async def stream(self, services: Services, here: Visit) -> AsyncIterator[str]:
        """The part of the page, each time that it says something else. Of those that entered at once some may be too many: theirs
        ends, and the browser asks again."""
        if self._full(reader(here)):
            return
        self._open[reader(here)] += 1
        try:
            before = ""
            for _ in range(LONGEST):
                if (ready := services.ready()) is not None and ready.reason.name == "stopping":
                    return
                if not await here.stays():
                    return
                try:
                    said = await standing(here)
                except NotGiven:
                    return
                part = render(PACKAGE, "console/_standing.html", **said)
                yield event("standing", part) if part != before else event("at", said["at"])
                before = part
                await asyncio.sleep(EACH)
        finally:
            self._open -= Counter([reader(here)])


def event(name: str, data: str) -> str:
    """A server-sent event (HTML, 9.2.6)."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"event: {name}\n{lines}\n"
