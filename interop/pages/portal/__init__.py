"""The patient portal: a person's own record, or for a carer that of somebody who has named them. ``/my``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI, Request, Response

from interop.api.services import Services
from interop.pages.portal import appointments, choosing, home, letters, looked, medicines, news, notes, plan, problems, results
from interop.pages.portal.whose import BASE, Whose, whose
from interop.pages.visiting import Visit

Shows = Callable[[Whose], Awaitable[Response]]
Finds = Callable[[Whose, str], Awaitable[Response]]
GET: Final = ["GET", "HEAD"]
SHOWN: Final[dict[str, Shows]] = {
    "": home.page,
    "/plan": plan.page,
    "/plan/easy": plan.easy_read,
    "/appointments": appointments.page,
    "/medicines": medicines.page,
    "/problems": problems.page,
    "/results": results.page,
    "/letters": letters.page,
    "/notes": notes.page,
    "/choices": choosing.page,
    "/choices/news": news.page,
    "/looked": looked.page,
}
"""Pages by what follows ``/my``, or ``/my/of/PATIENT`` for a carer."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """All pages of the portal."""

    def shows(page: Shows) -> Callable[[Request], Awaitable[Response]]:
        async def handler(request: Request) -> Response:
            here = await visit(request)
            found = await whose(here, request.path_params.get("patient", ""))
            if isinstance(found, Whose):
                return await page(found)
            if request.method == "POST":
                await here.form()  # of ours, even where it comes to nothing
            return found

        return handler

    def finds(page: Finds) -> Callable[[Request], Awaitable[Response]]:
        async def handler(request: Request) -> Response:
            here = await visit(request)
            found = await whose(here, request.path_params.get("patient", ""))
            if isinstance(found, Whose):
                return await page(found, request.path_params["id"])
            if request.method == "POST":
                await here.form()  # of ours, even where it comes to nothing
            return found

        return handler

    for base in (BASE, f"{BASE}/of/{{patient}}"):
        for path, page in SHOWN.items():
            app.api_route(base + path, methods=GET)(shows(page))
        app.api_route(f"{base}/choices/news", methods=["POST"])(shows(news.record))
        app.api_route(f"{base}/letters/{{id}}", methods=GET)(finds(letters.one))
    app.api_route(f"{BASE}/choices/{{id}}", methods=GET)(finds(choosing.choose))
    app.api_route(f"{BASE}/choices/{{id}}", methods=["POST"])(finds(choosing.record))
