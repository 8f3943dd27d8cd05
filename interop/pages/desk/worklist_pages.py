"""``/desk``: the lists that a role may see. ``/desk/NAME``: one of them, kept up to date while it is open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.inside import NotGiven
from interop.api.operations.worklists import WHOLE, worklists
from interop.pages.desk.lists import DESK, MDT, RESPONSE, TASKS, URGENT, Listed, asked, open_to, with_taken
from interop.pages.visiting import Visit
from interop.screen import headers
from interop.worklists.tables import POINTS, Worklist

AREA: Final = "desk"
GET: Final = ["GET", "HEAD"]
ROOT: Final = "/desk"
LINES: Final = {URGENT: RESPONSE, DESK: TASKS, MDT: f"{ROOT}/meeting/"}
"""Where a name on a list leads; else to the record."""
RECORD: Final = "/record/"


def routes(app: FastAPI, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """A route for each list that the tables have."""

    @app.api_route(ROOT, methods=GET, response_class=HTMLResponse)
    async def desk(request: Request) -> HTMLResponse:
        here = await visit(request)
        here.enter(AREA)
        lists = open_to(here.asker)
        now = [each for each in lists if each.order != POINTS]  # those that rank a county are counted when the page is there
        cards = await asyncio.gather(*(_card(here, each) for each in now))
        shown = dict(zip((each.name for each in now), cards, strict=True))
        mdt = any(each.name == MDT for each in lists)
        return here.page("desk/desk.html", "Co-ordination desk", lists=lists, cards=shown, mdt=mdt, as_of=f"{here.now:%H:%M}")

    for each in worklists().values():
        if not each.at:
            _one(app, visit, each)


def _one(app: FastAPI, visit: Callable[[Request], Awaitable[Visit]], wanted: Worklist) -> None:
    @app.api_route(f"{ROOT}/{wanted.name}", methods=GET, response_class=HTMLResponse)
    async def whole(request: Request) -> HTMLResponse:
        here = await visit(request)
        here.enter(AREA)
        every = request.query_params.get("every") == "1"
        listed = await _listed(here, wanted, every)
        return here.page("desk/list.html", wanted.title, **_values(here, listed), every=every, first=not _cursor(request))

    @app.api_route(f"{ROOT}/{wanted.name}/live", methods=GET, response_class=HTMLResponse)
    async def live(request: Request) -> Response:
        here = await visit(request)
        here.enter(AREA)
        listed = await _listed(here, wanted, request.query_params.get("every") == "1")
        said = headers.PAGE | {"etag": listed.tag, "x-as-of": f"{here.now:%H:%M:%S}"}
        if request.headers.get("if-none-match") == listed.tag:
            return Response(status_code=304, headers=said)
        page = here.page("desk/_list.html", wanted.title, **_values(here, listed))
        page.headers.update(said)
        return page

    @app.api_route(f"{ROOT}/{wanted.name}/card", methods=GET, response_class=HTMLResponse)
    async def card(request: Request) -> HTMLResponse:
        here = await visit(request)
        here.enter(AREA)
        return here.page("desk/_card.html", wanted.title, card=await _card(here, wanted), list=wanted)


async def _card(here: Visit, wanted: Worklist) -> dict[str, Any]:
    """How many are on a list, and who is first; or the words of the refusal."""
    try:
        listed = await asked(here.api, wanted, here.now, count=1)
    except NotGiven as refused:
        return {"refused": " ".join(refused.sentences) or "This list cannot be shown at the moment."}
    return {"total": listed.total, "first": listed.lines[0] if listed.lines else None, "to": _to(wanted), "said": listed.said}


async def _listed(here: Visit, wanted: Worklist, every: bool) -> Listed:
    count = {"count": WHOLE} if every else {}
    return await with_taken(here.api, await asked(here.api, wanted, here.now, cursor=_cursor(here.request), **count), here.now)


def _values(here: Visit, listed: Listed) -> dict[str, Any]:
    first = listed.lines[0].rank if listed.lines else 0
    return {
        "list": listed.worklist,
        "listed": listed,
        "span": (min((each.rank for each in listed.lines), default=first), max((each.rank for each in listed.lines), default=0)),
        "to": _to(listed.worklist),
        "as_of": f"{here.now:%H:%M:%S}",
        "query": f"?{here.request.url.query}" if here.request.url.query else "",
        "clocked": any(each.clock for each in listed.lines),
        "deskwork": listed.worklist.name in (URGENT, DESK),
    }


def _to(wanted: Worklist) -> str:
    return LINES.get(wanted.name, RECORD)


def _cursor(request: Request) -> str:
    return request.query_params.get("cursor", "")
