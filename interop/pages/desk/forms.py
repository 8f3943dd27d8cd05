"""Forms of a page of the desk: the steps that one can take of a person, and what is wrong with a form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.pages.desk.dispatch import Quicker
from interop.pages.desk.steps import Wrong
from interop.pages.visiting import Visit

NONE: Final[Mapping[str, str]] = {}


class Page(Protocol):
    """A page of a person with a form for each step: as it stands, or with the ``form`` that was sent, its ``errors`` by the id of
    the field, and who was ``quicker``."""

    async def __call__(
        self,
        here: Visit,
        patient: str,
        form: Mapping[str, str] = NONE,
        errors: Mapping[str, str] = NONE,
        *,
        quicker: Quicker | None = None,
    ) -> HTMLResponse: ...


def stepping(
    app: FastAPI,
    visit: Callable[[Request], Awaitable[Visit]],
    address: str,
    page: Page,
    take: Callable[[Visit, str, Mapping[str, str]], Awaitable[None]],
) -> None:
    """The page at an address with ``{patient}``, and its forms: ``take`` does what one says, or raises Wrong or Quicker."""

    @app.api_route(address, methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def shown(request: Request, patient: str) -> HTMLResponse:
        here = await visit(request)
        here.enter("desk")
        return await page(here, patient)

    @app.post(address)
    async def step(request: Request, patient: str) -> Response:
        here = await visit(request)
        here.enter("desk")
        form = await here.form()
        try:
            await take(here, patient, form)
        except Wrong as mistake:
            return await page(here, patient, form, {mistake.field: mistake.words})
        except Quicker as quicker:
            return await page(here, patient, quicker=quicker)
        return here.lead(address.replace("{patient}", patient))


def wrong(errors: Mapping[str, str] | None, *, quicker: bool = False) -> dict[str, Any]:
    """Values of a page: ``errors`` by the id of the field, ``errors_list`` for the summary, and the status."""
    said = errors or {}
    return {
        "errors": said,
        "errors_list": [{"text": words, "href": f"#{name}"} for name, words in said.items()],
        "status": 409 if quicker else 400 if said else 200,
    }
