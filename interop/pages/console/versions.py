"""``/console/tables``: the versions of tables by which messages were mapped and accesses decided, and what changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.services import Services
from interop.pages.console.menu import AREA, sections
from interop.pages.visiting import Visit

MOST: Final = 500
"""Changed rows on a page."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """The list, and one version beside the one before it."""

    @app.api_route("/console/tables", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def tables(request: Request) -> Response:
        here = await visit(request)
        here.enter(AREA)
        known = (await here.api.get("/tables/"))["tables"]
        return here.page("console/tables.html", "Tables", sections=sections("/console/tables"), families=families(known))

    @app.api_route("/console/tables/{digest}", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def table(request: Request, digest: str) -> Response:
        here = await visit(request)
        here.enter(AREA)
        known = (await here.api.get("/tables/"))["tables"]
        since = request.query_params.get("since") or before(known, digest)
        query = {"since": since} if since else {}
        said = await here.api.get(f"/tables/{digest}", **query)
        changes = said.get("changes", [])
        files = [(file, list(rows)) for file, rows in groupby(changes[:MOST], key=lambda each: each["file"])]
        others = [each for each in known if same(each, said) and each["digest"] != digest]
        values = {"version": said, "files": files, "number": len(changes), "most": MOST, "since": since, "others": others}
        return here.page("console/table.html", called(said), sections=sections("/console/tables"), **values)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether they are versions of the same tables."""
    return (one["family"], one.get("site", "")) == (other["family"], other.get("site", ""))


def called(version: dict[str, Any]) -> str:
    """What tables are called."""
    family, site = version["family"], version.get("site", "")
    return "Policy" if family == "policy" else f"{family} {site}".strip()


def families(known: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Versions of the same tables together, newest first, as the API lists them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in known:
        found.setdefault(called(each), []).append(each)
    return sorted(found.items())


def before(known: list[dict[str, Any]], digest: str) -> str:
    """The version before one, '' for the first."""
    of = next((each for each in known if each["digest"] == digest), None)
    line = [each["digest"] for each in known if of is not None and same(each, of)]
    return line[line.index(digest) + 1] if digest in line[:-1] else ""
