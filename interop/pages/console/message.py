"""One message: what happened to it, what became of each field, and, for a reason, what it says: ``/console/messages/{id}``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.inside import Answer, NotGiven
from interop.api.services import Services
from interop.pages.console.fields import shown
from interop.pages.console.listing import row
from interop.pages.console.menu import AREA, sections
from interop.pages.console.words import ACKS, EVENTS, REASONS, TOLD
from interop.pages.visiting import Visit

JSON: Final = [(b"content-type", b"application/json")]
GONE: Final = "What this message said is no longer kept."


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Masked by GET, opened by a form that states a reason."""

    @app.api_route("/console/messages/{id}", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def message(request: Request, id: str) -> Response:
        here = await visit(request)
        here.enter(AREA)
        state, happened, lineage = await asyncio.gather(
            here.api.get(f"/messages/{id}"), here.api.get(f"/messages/{id}/history"), here.api.ask("GET", f"/messages/{id}/lineage")
        )
        return _page(here, state, happened, lineage)

    @app.post("/console/messages/{id}", response_class=HTMLResponse)
    async def opened(request: Request, id: str) -> Response:
        here = await visit(request)
        here.enter(AREA)
        why = (await here.form()).get("reason", "")
        state, happened = await asyncio.gather(here.api.get(f"/messages/{id}"), here.api.get(f"/messages/{id}/history"))
        if why not in REASONS:
            masked = await here.api.ask("GET", f"/messages/{id}/lineage")
            return _page(here, state, happened, masked, status=400, wrong="Choose why you open this message")
        lineage = await here.api.ask("POST", f"/messages/{id}/lineage", body=orjson.dumps({"reason": why}), headers=JSON)
        if lineage.status == 403:
            masked = await here.api.ask("GET", f"/messages/{id}/lineage")
            return _page(here, state, happened, masked, status=403)
        return _page(here, state, happened, lineage, why=REASONS[why])


def _page(
    here: Visit,
    state: Mapping[str, Any],
    happened: Mapping[str, Any],
    lineage: Answer,
    *,
    status: int = 200,
    wrong: str = "",
    why: str = "",
) -> Response:
    told: dict[str, Any] = {}
    if lineage.status == 200:
        told = shown(lineage.json)
    elif lineage.status not in (404, 410):
        raise NotGiven(lineage.status, lineage.json)
    said = lineage.json if lineage.status != 200 else {}
    return here.page(
        "console/message.html",
        f"Message {state['message']}",
        status=status,
        sections=sections("/console/messages/", here.asker.role),
        message=row(state),
        events=events(happened),
        acknowledgement=acknowledged(happened["acknowledgement"]),
        lineage=told,
        no_content=(said or {}).get("sentence", GONE) if not told and lineage.status == 410 else "",
        of_engine=lineage.status == 404,
        reasons=REASONS,
        why=why,
        wrong=wrong,
    )


def events(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What happened, in words."""
    return [{**each, "words": EVENTS.get(each["event"], each["event"])} for each in said["events"]]


def acknowledged(said: Mapping[str, str]) -> str:
    """What the sender was told, in one sentence."""
    if said["told"] == "nothing":
        return f"Nothing: the answer is {ACKS.get(said['state'], said['state'])}."
    code = f" ({said['code']})" if said.get("code") else ""
    return f"{TOLD[said['told']]}{code}, {ACKS.get(said['state'], said['state'])}."
