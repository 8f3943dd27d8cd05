"""The application behind every address that is neither FHIR, ingest nor health."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from interop.api.asgi import Asgi
from interop.api.asgi import Request as Asked
from interop.api.auditing.scope import WHY
from interop.api.build import NAME, software_version
from interop.api.inside import NotGiven
from interop.api.problems import json_error, unforeseen
from interop.api.services import Services
from interop.api.signon.sessions import IDLE, LONGEST
from interop.errors import Problem
from interop.pages import console, crew, desk, home, portal, record, reference
from interop.pages.visiting import HTMX, SignIn, page, visiting
from interop.screen import assets

PARTS: Final = (console, crew, home, portal, record, reference, desk)
"""Modules with ``routes(app, services, visit)``: the pages of an area."""
PART: Final = "pages"
"""What a refusal at the threshold is called in the audit."""
WHOLE: Final = "hx-current-url"
"""Where the page is of which htmx asks for a part."""
OUT: Final = "You have been signed out"
WHY_OUT: Final = (
    f"That happens {IDLE // 60} minutes after the last use, and {LONGEST // 3600} hours after signing in, so that nobody else "
    "reads on where you have left. What had been saved is saved."
)
AGAIN: Final = "Try again. If it happens again, tell who runs this service."
TITLES: Final = {
    400: "That cannot be understood",
    401: "You are not signed in",
    403: "This is not for you to see",
    404: "There is no such page",
    409: "Somebody else was quicker",
    412: "Somebody else was quicker",
    429: "Too many requests",
}


def create_pages(services: Services, api: Asgi) -> FastAPI:
    """``api`` is the whole application: what the pages ask."""
    pages = FastAPI(title=NAME, version=software_version(), docs_url=None, redoc_url=None, openapi_url=None)

    @pages.api_route(assets.PREFIX + "{path:path}", methods=["GET", "HEAD"])
    async def asset(request: Request, path: str) -> Response:
        found = assets.at(path)
        if found is None:
            return PlainTextResponse("There is no such file.", 404)
        one, kept = found
        packed = one.packed if "gzip" in request.headers.get("accept-encoding", "") else b""
        said = {"cache-control": kept, "vary": "accept-encoding", "x-content-type-options": "nosniff"}
        return Response(packed or one.body, 200, said | ({"content-encoding": "gzip"} if packed else {}), one.media_type)

    for part in PARTS:
        part.routes(pages, services, visiting(services, api))

    @pages.exception_handler(SignIn)
    async def sign_in(request: Request, nobody: Exception) -> Response:
        assert isinstance(nobody, SignIn)
        if request.headers.get(HTMX) == "true":  # a part of a page: the whole of it is asked for anew, and led from there
            whole = "/" + urlsplit(request.headers.get(WHOLE, "")).path.lstrip("/\\")
            return Response(status_code=401, headers={"hx-redirect": whole, "cache-control": "no-store"})
        where = f"/auth/login?to={quote(request.url.path)}"
        if nobody.ended:
            again = [{"href": where, "text": "Sign in and go on"}]
            return page(services, "problem.html", OUT, status=401, failed=False, sentence=WHY_OUT, ways=again, bare=True)
        return RedirectResponse(where, 303, headers={"cache-control": "no-store"})

    @pages.exception_handler(Problem)
    async def problem(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)
        known = problem.reason
        _told(services, request, problem)
        response = _failed(services, known.http, known.sentence, problem.detail or known.action)
        for name, value in getattr(problem, "headers", ()):
            response.headers[name.decode()] = value.decode()
        return response

    @pages.exception_handler(NotGiven)
    async def not_given(request: Request, refused: Exception) -> Response:
        assert isinstance(refused, NotGiven)
        return _failed(services, refused.status, " ".join(refused.sentences) or "The record does not answer.", "")

    @pages.exception_handler(HTTPException)
    async def other(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _failed(services, error.status_code, "Check the address, or begin at the first page.", "")

    @pages.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return _failed(services, 500, unforeseen(error).reason.sentence, AGAIN)

    return pages


def _told(services: Services, request: Request, problem: Problem) -> None:
    """The audit has who was turned away from a page, and why; what the API refuses it has already."""
    asked = Asked(request.scope, request.receive)
    asked.scope[WHY] = getattr(problem, "why", problem.reason.name)
    services.audit.answered(asked, PART, json_error(problem))


def _failed(services: Services, status: int, sentence: str, action: str) -> Response:
    title = TITLES.get(status, "That did not work")
    ways = [{"href": "/", "text": "First page"}]
    return page(services, "problem.html", title, status=status, sentence=sentence, action=action, ways=ways, bare=True)
