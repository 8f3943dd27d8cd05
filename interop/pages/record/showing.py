"""A part of a record as a page; where the API refuses it, whose record it is stays on the page, with the words of the refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from interop.api.inside import NotGiven
from interop.pages.record.aside import aside
from interop.pages.record.opening import opened
from interop.pages.visiting import Visit

ROLE: Final = "This part of a record is not for your role."
TITLES: Final = {404: "It is not here", 410: "It is no longer here"}
FAILED: Final = "That did not work"
Asked = Callable[..., Awaitable[dict[str, Any]]]
"""Values of a template: of the visit, the person's id, their Patients, and the ``{id}`` of the address where it has one.
``apart``: there is much to draw."""
Title = str | Callable[[dict[str, Any]], str]


class Showing(Protocol):
    """Registers a page of a part of a record."""

    def __call__(self, path: str, template: str, asked: Asked, title: Title, called: str = "") -> None: ...


def showing(app: FastAPI, visit: Callable[[Request], Awaitable[Visit]], part: str) -> Showing:
    """What registers the pages of a part (as in ``opening.TABS``), each by its path after ``/record/{patient}``: what is
    ``asked`` of the API, under the person; ``title`` of what was found, which ``called`` stands for in a browser's history: what a
    source calls it does not stay behind there."""

    def register(path: str, template: str, asked: Asked, title: Title, called: str = "") -> None:
        @app.api_route(f"/record/{{patient}}{path}", methods=["GET", "HEAD"], response_class=HTMLResponse)
        async def page(request: Request, patient: str) -> HTMLResponse:
            here = await visit(request)
            values = await opened(here, patient, part)
            ids = [request.path_params["id"]] if "id" in request.path_params else []
            return await _shown(here, template, values, asked(here, patient, values["patients"], *ids), title, called)

    return register


async def _shown(
    here: Visit,
    template: str,
    values: dict[str, Any],
    asked: Awaitable[dict[str, Any]],
    title: Title,
    called: str,
) -> HTMLResponse:
    try:
        found = await asked
    except NotGiven as refused:
        named = title if isinstance(title, str) else "This"
        forbidden = refused.status == 403
        words = [ROLE] if forbidden else refused.sentences
        head = f"{named}: not shown" if forbidden else TITLES.get(refused.status, FAILED)
        return here.page("record/not_given.html", head, status=refused.status, **values, said=words, forbidden=forbidden)
    named = title if isinstance(title, str) else title(found)
    return await aside(found.pop("apart", False), lambda: here.page(template, named, tab=called, **values, **found))
