"""What the record lacks, by category, each with its one action: ``/console/shelf``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.services import Services
from interop.pages.console.menu import AREA, sections
from interop.pages.console.words import CATEGORIES, STATES
from interop.pages.visiting import Visit


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """One page."""

    @app.api_route("/console/shelf", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def shelf(request: Request) -> Response:
        here = await visit(request)
        here.enter(AREA)
        said = (await here.api.get("/messages/shelf"))["shelf"]
        found = by_category(said)
        total = sum(each["messages"] for each in said)
        menu = sections("/console/shelf", here.asker.role)
        return here.page("console/shelf.html", "Shelf", sections=menu, categories=found, total=total)


def by_category(said: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Categories with their reasons, each with its feeds; what waits longest comes first."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for each in said:
        reasons = found.setdefault(each.get("category", ""), {})
        one = reasons.setdefault(
            each["reason"], {**each, "messages": 0, "feeds": [], "link": f"?{urlencode({'reason': each['reason']})}"}
        )
        one["messages"] += each["messages"]
        one["oldest"], one["newest"] = min(one["oldest"], each["oldest"]), max(one["newest"], each["newest"])
        which = urlencode({name: each[name] for name in ("feed", "state", "reason") if each[name]})
        words = STATES.get(each["state"], (each["state"], ""))[0].lower()
        resume = f"?{urlencode({'resume': each['feed']})}" if each["state"] == "held" else ""
        line = {"feed": each["feed"], "messages": each["messages"], "words": words, "which": f"?{which}", "resume": resume}
        one["feeds"].append(line)
    told = [
        {
            "words": CATEGORIES.get(category, "Held back"),
            "reasons": sorted(reasons.values(), key=lambda each: each["oldest"]),
            "messages": sum(each["messages"] for each in reasons.values()),
            "oldest": min(each["oldest"] for each in reasons.values()),
        }
        for category, reasons in found.items()
    ]
    return sorted(told, key=lambda each: each["oldest"])
