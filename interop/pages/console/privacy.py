"""``/console/privacy``: what waits for the privacy officer, and what was found of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.services import Services
from interop.api.signon.screens import role_words
from interop.errors import Problem
from interop.fhir.shapes import dicts
from interop.pages.console.menu import PRIVACY, sections
from interop.pages.visiting import Visit

MOST: Final = 100
RULES: Final = {
    "break-glass": "Emergency access",
    "self-claimed": "Own word on involvement",
    "own-relationship": "Own word on involvement",
    "consent-opened": "Consent opened by others",
    "message-content": "Content of a message opened",
    "same-surname": "Same family name",
    "unusual-volume": "Unusually many people",
    "takedown": "Seen before it was taken down",
}
OUTCOMES: Final = {"justified": "Justified", "not-justified": "Not justified", "follow-up": "I follow it up"}


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """The queue, what is closed, and the form with which an item leaves it."""

    @app.api_route("/console/privacy", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def queue(request: Request) -> Response:
        here = await visit(request)
        here.enter(PRIVACY)
        closed = request.query_params.get("closed") == "true"
        query = {"_count": str(MOST), **({"closed": "true"} if closed else {})}
        said = await here.api.get("/fhir/$privacy-queue", **query)
        found = [item(each) for each in dicts(said, "parameter")]
        shown: dict[str, Any] = {"items": found, "closed": closed, "most": MOST, "outcomes": OUTCOMES}
        return here.page("console/privacy.html", "Privacy", sections=sections("/console/privacy", here.asker.role), **shown)

    @app.api_route("/console/privacy", methods=["POST"])
    async def judge(request: Request) -> Response:
        here = await visit(request)
        here.enter(PRIVACY)
        form = await here.form()
        if form.get("outcome") not in OUTCOMES:
            raise Problem("bad-parameter", where="outcome", detail="choose what you have found")
        said = [("item", form.get("item", "")), ("outcome", form["outcome"])]
        parameters = [{"name": name, "valueString": value} for name, value in said]
        parameters[1] = {"name": "outcome", "valueCode": form["outcome"]}
        await here.api.send("POST", "/fhir/$privacy-outcome", {"resourceType": "Parameters", "parameter": parameters})
        return here.lead("/console/privacy")


def item(parameter: dict[str, Any]) -> dict[str, Any]:
    """An item in words: whose record by its id alone."""
    parts = dicts(parameter, "part")
    said = {
        str(each["name"]): next(value for name, value in each.items() if name.startswith("value"))
        for each in parts
        if each["name"] != "patient"
    }
    patients = [str(each["valueReference"]["reference"]) for each in parts if each["name"] == "patient"]
    return {
        **said,
        "words": RULES.get(str(said.get("rule")), str(said.get("rule"))),
        "called": role_words(str(said.get("role", ""))),
        "found": OUTCOMES.get(str(said.get("outcome")), ""),
        "patients": patients,
    }
