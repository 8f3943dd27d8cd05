"""The pages: one that names the service and shows how its feeds stand, and those of what the API does."""

from __future__ import annotations

from html import escape

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from interop.api.asgi import ASKER
from interop.api.asgi import Request as Asked
from interop.api.build import NAME, software_version
from interop.api.guarding import policy
from interop.api.openapi import page, present
from interop.api.parts import may
from interop.api.services import Services
from interop.api.signon import screens
from interop.errors import Problem
from interop.policy.asker import NOBODY, Asker
from interop.signon.people import demo_users
from interop.store.plan import Feeds
from interop.store.values import FeedCount

STYLE = (
    "body{font:1rem/1.5 Arial,sans-serif;margin:2rem;color:#212b32}table{border-collapse:collapse}"
    "th,td{padding:.25rem .75rem;border-bottom:1px solid #d8dde0;text-align:left}"
    "td{text-align:right}.said{text-align:left}"
    ".demo{background:#ffeb3b;border:3px solid #212b32;padding:.5rem 1rem;max-width:50rem}"
)
HEADERS = {
    "content-security-policy": policy(STYLE, page.STYLE),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-cache",
}
BASE = "/fhir"
"""On the pages addresses are relative."""
LINKS = (
    ("/api", "What the API does, to read and to try"),
    ("/fhir/metadata", "The same as a CapabilityStatement"),
    ("/health/ready", "Whether the engine is ready"),
    ("/metrics", "Figures for monitoring"),
)
COLUMNS = ("received", "waiting", "applied", "refused", "failed", "shelved")


def create_pages(services: Services) -> FastAPI:
    """The application behind every address that is neither FHIR, ingest nor health."""
    pages = FastAPI(title=NAME, version=software_version(), docs_url=None, redoc_url=None, openapi_url=None)

    @pages.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def home(request: Request) -> HTMLResponse:
        shown = await _may(services, request, "home/feeds")
        counts = await services.store.query(Feeds()) if shown else None
        return HTMLResponse(render(services, counts, request.scope.get(ASKER, NOBODY)), headers=HEADERS)

    @pages.api_route("/api", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def api() -> HTMLResponse:
        return HTMLResponse(page.index(await present(services, BASE)), headers=HEADERS)

    @pages.api_route(page.TRY, methods=["GET", "HEAD"])
    async def api_try(request: Request) -> Response:
        found = page.tried(await present(services, BASE), request.query_params.multi_items())
        return _absent() if found is None else Response(status_code=303, headers={**HEADERS, "location": found})

    @pages.api_route("/api/{name}", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def api_of_type(name: str) -> Response:
        found = page.of_type(await present(services, BASE), name)
        return _absent() if found is None else HTMLResponse(found, headers=HEADERS)

    return pages


def _absent() -> Response:
    return PlainTextResponse("There is no such page.", 404, headers=HEADERS)


async def _may(services: Services, request: Request, part: str) -> bool:
    """Whether who asks may see a part of a page."""
    asked = Asked(request.scope, request.receive)
    try:
        asked.scope[ASKER] = await services.door.admit(asked)
    except Problem:
        return False
    return may(services, asked, part)


def render(services: Services, counts: list[FeedCount] | None, asker: Asker = NOBODY) -> str:
    """The page as HTML for who asks; without the feeds where they are not to be shown."""
    feeds = "" if counts is None else _feeds(services, counts)
    links = "".join(f'<li><a href="{address}">{text}</a></li>' for address, text in LINKS)
    return (
        f'<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title>{NAME}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head>"
        f"<body><main><h1>{NAME} {escape(software_version())}</h1>"
        "<p>Turns the messages of source systems into one shared care record.</p>"
        f"{_signed(services, asker)}{feeds}"
        f"<h2>More</h2><ul>{links}</ul></main></body></html>"
    )


def _signed(services: Services, asker: Asker) -> str:
    """Who one is here."""
    if services.signon is None:
        return '<p class="demo"><b>OPEN.</b> Nobody signs in: everyone on this machine sees all.</p>'
    note = screens.DEMONSTRATION if services.signon.demo else ""
    if asker == NOBODY:
        return f'{note}<p><a href="/auth/login">Sign in</a></p>'
    user = demo_users().get(asker.user.rpartition("|")[2]) if services.signon.demo else None
    role, place = screens.role_words(asker.role), f" of {asker.organisation}" if asker.organisation else ""
    said = f"{user.name} ({role}{place})" if user is not None else f"{role}{place}"
    return f'{note}<p>You are signed in as <b>{escape(said)}</b>. <a href="/auth/logout">Sign out</a></p>'


def _feeds(services: Services, counts: list[FeedCount]) -> str:
    counted = {count.feed: count for count in counts}
    names = sorted(services.feeds.keys() | counted.keys())
    described = {name: feed.description for name, feed in services.feeds.items()}
    rows = "".join(_row(name, described.get(name, ""), counted.get(name)) for name in names)
    head = "".join(f'<th scope="col">{column.capitalize()}</th>' for column in ("feed", "", *COLUMNS))
    return f"<h2>Feeds</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(name: str, title: str, count: FeedCount | None) -> str:
    figures = "".join(f"<td>{getattr(count, column) if count else 0}</td>" for column in COLUMNS)
    return f'<tr><th scope="row">{escape(name)}</th><td class="said">{escape(title)}</td>{figures}</tr>'
