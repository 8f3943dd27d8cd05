"""What the API does, to read and to try: told before anyone signs on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.guarding import policy
from interop.api.openapi import page, present
from interop.api.services import Services
from interop.errors import Problem
from interop.screen import headers

BASE: Final = "/fhir"
"""On the pages addresses are relative."""
HEADERS: Final = headers.PAGE | {"content-security-policy": policy(page.STYLE), "cache-control": "private, no-cache"}


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Any]) -> None:
    """Pages of what the OpenAPI document says."""

    @app.api_route("/api", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def api() -> HTMLResponse:
        return HTMLResponse(page.index(await present(services, BASE)), headers=HEADERS)

    @app.api_route(page.TRY, methods=["GET", "HEAD"])
    async def api_try(request: Request) -> Response:
        found = page.tried(await present(services, BASE), request.query_params.multi_items())
        if found is None:
            raise Problem("not-found")
        return Response(status_code=303, headers={**HEADERS, "location": found})

    @app.api_route("/api/{name}", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def api_of_type(name: str) -> Response:
        found = page.of_type(await present(services, BASE), name)
        if found is None:
            raise Problem("not-found")
        return HTMLResponse(found, headers=HEADERS)
