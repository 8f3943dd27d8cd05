"""A card in context: an EHR or a dispatch system opens ``/crew/launch`` for whom it shows (SMART App Launch 2.2, 2.0.7)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from interop.api import links
from interop.api.asgi import Request as Asked
from interop.api.services import Services
from interop.errors import Problem
from interop.pages.visiting import Visit

_HANDLE: Final = re.compile(r"[!-~]{1,1000}")


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """``GET /crew/launch?iss=…&launch=…``. Where nobody signs on there is no context to come with."""

    @app.api_route("/crew/launch", methods=["GET", "HEAD"])
    async def launch(request: Request) -> Response:
        asked = Asked(request.scope, request.receive)
        said = asked.query
        query = dict(said)
        if len(query) != len(said) or query.get("iss", "").rstrip("/") != links.base(asked, services.base):
            raise Problem("bad-parameter", detail="the record system that opens this page names another server than this one")
        handle = query.get("launch", "")
        if not _HANDLE.fullmatch(handle):
            raise Problem("bad-parameter", detail="there is no launch to go on with")
        if services.signon is None:
            return RedirectResponse("/crew", 303, headers={"cache-control": "no-store"})
        where = f"/auth/login?to=/crew&launch={quote(handle, safe='')}"
        return RedirectResponse(where, 303, headers={"cache-control": "no-store", "referrer-policy": "no-referrer"})
