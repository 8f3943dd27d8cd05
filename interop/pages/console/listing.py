"""Messages by filter, newest first: ``/console/messages``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.pages.console.menu import AREA, sections
from interop.pages.console.words import CATEGORIES, STATES, midnight
from interop.pages.visiting import Visit

FILTERS: Final = ("feed", "state", "category", "type", "reason", "control", "since", "until")
PLACE: Final = ("after", "seen")
"""Where in the list a page begins, and how many were shown before it."""
COUNT: Final = 50


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """The form and the list in one page."""

    @app.api_route("/console/messages", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def messages(request: Request) -> Response:
        here = await visit(request)
        here.enter(AREA)
        said = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
        chosen: dict[str, str] = {name: said[name] for name in FILTERS if name in said}
        shown: dict[str, Any] = {"chosen": chosen, "sections": sections("/console/messages", here.asker.role), **choices(services)}
        answer = await here.api.ask("GET", "/messages/", asked(said))
        if answer.status == 400:  # a filter that is none: the form again, with what was written
            return here.page("console/messages.html", "Messages", status=400, wrong=wrong(answer.json), **shown)
        if answer.status != 200:
            raise NotGiven(answer.status, answer.json)
        return here.page("console/messages.html", "Messages", **shown, **page(answer.json, chosen, said))


def asked(said: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the form says, as the API is asked it."""
    pairs = [(name, said[name]) for name in FILTERS[:-2] if name in said]
    bounds = (("since", "ge", 0), ("until", "lt", 1))
    pairs += [("received", f"{prefix}{midnight(said[name], days)}") for name, prefix, days in bounds if name in said]
    return [*pairs, ("count", str(COUNT)), *([("after", said["after"])] if "after" in said else [])]


def page(answer: Mapping[str, Any], chosen: Mapping[str, str], said: Mapping[str, str]) -> dict[str, Any]:
    """What the list shows: the messages, their places among how many, and where older ones are."""
    found = [row(each) for each in answer["messages"]]
    before = int(said["seen"]) if said.get("seen", "").isdecimal() and len(said["seen"]) < 10 else 0
    older = ""
    if answer.get("next"):
        older = "?" + urlencode({**chosen, "after": answer["next"], "seen": before + len(found)})
    total = max(answer["total"], before + len(found))
    return {
        "messages": found,
        "first": before + 1,
        "last": before + len(found),
        "total": total,
        "exact": answer["exact"],
        "older": older,
        "newest": f"?{urlencode(chosen)}" if "after" in said else "",
    }


def row(said: Mapping[str, Any]) -> dict[str, Any]:
    """A message as a line: its state in words."""
    words, colour = STATES.get(said["state"], (said["state"], "grey"))
    return {**said, "words": words, "colour": colour}


def choices(services: Services) -> dict[str, Any]:
    """What may be chosen."""
    states = {state: words for state, (words, _) in STATES.items() if state != "mapped"}
    return {"feeds": sorted(services.feeds), "states": states, "categories": CATEGORIES}


def wrong(said: Any) -> dict[str, str]:
    """Which field is not understood, and why."""
    where = said.get("where", "") if isinstance(said, dict) else ""
    detail = said.get("detail", "") if isinstance(said, dict) else ""
    field = {"received": "since", "reason": "reason"}.get(where, where if where in FILTERS else "feed")
    return {"field": field, "text": f"Check what you wrote: {detail}" if detail else "Check what you wrote"}
