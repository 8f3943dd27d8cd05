"""``/console/destinations``: what goes out; a destination is paused, let go on, and what is on its shelf tried again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.errors import Problem
from interop.pages.console.menu import AREA, sections
from interop.pages.visiting import Visit

COUNT: Final = 50
STATES: Final = {
    "": "All",
    "pending": "Waiting",
    "sent": "Sent",
    "shelved": "On the shelf",
    "withheld": "Withheld",
    "dropped": "Dropped",
}
ACTIONS: Final = ("pause", "resume", "resend")


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """One destination, and what is done with it."""

    @app.api_route("/console/destinations/{name}", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def destination(request: Request, name: str) -> Response:
        here = await visit(request)
        here.enter(AREA)
        return await shown(here, name)

    @app.api_route("/console/destinations/{name}", methods=["POST"])
    async def act(request: Request, name: str) -> Response:
        here = await visit(request)
        here.enter(AREA)
        form = await here.form()
        action, known = form.get("action", ""), await one(here, name)
        if action not in ACTIONS:
            raise Problem("bad-parameter", where="action", detail="pause, resume or resend is wanted")
        if action == "resend" and not form.get("delivery") and form.get("all", "") != str(known["shelved"]):
            wrong = f"Type the number of deliveries on the shelf, {known['shelved']}, to try all of them again"
            return await shown(here, name, status=400, wrong=wrong)
        query = [("delivery", form["delivery"])] if form.get("delivery") else []
        answer = await here.api.ask("POST", f"/deliveries/{name}/{action}", query)
        if answer.status != 200:
            raise NotGiven(answer.status, answer.json)
        return here.lead(f"/console/destinations/{name}")


async def one(here: Visit, name: str) -> dict[str, Any]:
    """How a destination stands; raises Problem ``not-found``."""
    found = (await here.api.get("/deliveries/"))["destinations"]
    known: dict[str, Any] | None = next((each for each in found if each["destination"] == name), None)
    if known is None:
        raise Problem("not-found")
    return known


async def shown(here: Visit, name: str, *, status: int = 200, wrong: str = "") -> Response:
    """The page of one."""
    known = await one(here, name)
    asked = here.request.query_params
    state = asked.get("state", "shelved" if known["shelved"] else "")
    state = state if state in STATES else ""
    after = asked.get("after", "0")
    query = {"state": state, "after": after if after.isdigit() else "0", "count": str(COUNT)}
    found = (await here.api.get(f"/deliveries/{name}", **query))["deliveries"]
    more = f"?{urlencode({'state': state, 'after': found[-1]['delivery']})}" if len(found) == COUNT else ""
    said = {"destination": known, "deliveries": found, "state": state, "states": STATES, "more": more, "wrong": wrong}
    return here.page("console/destination.html", name, status=status, sections=sections("/console"), **said)
