"""The first page: what this is, and where whoever has signed on goes from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from interop.api.services import Services
from interop.api.signon.screens import role_words
from interop.pages.areas import open_to
from interop.pages.visiting import SignIn, Visit, page
from interop.signon.people import demo_users
from interop.store.plan import Feeds

TITLE: Final = "Shared care record"


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """``/``."""

    @app.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def home(request: Request) -> HTMLResponse:
        try:
            here = await visit(request)
        except SignIn:
            return page(services, "home.html", TITLE, people=_people(services), empty=await _empty(services))
        return here.page("home.html", TITLE, areas=open_to(here.asker.role), empty=await _empty(services))


async def _empty(services: Services) -> bool:
    """Whether nothing has come yet. The one question that a page puts to the store itself: this page is for everybody, whoever has
    not signed on among them, ``/feeds/`` is for who runs the engine, and that something has come tells of nobody."""
    return not any(count.received for count in await services.store.query(Feeds()))


def _people(services: Services) -> list[dict[str, str]]:
    """The people of a demonstration who have pages, each with the link by which to be them."""
    if services.signon is None or not services.signon.demo:
        return []
    found = []
    for each in demo_users().values():
        if first := next(iter(open_to(each.role)), None):
            query = urlencode({"login_hint": each.user, "to": first.href}, safe="/")
            words = {"name": each.name, "role": role_words(each.role), "why": each.why, "page": first.title}
            found.append({**words, "href": f"/auth/login?{query}"})
    return found
