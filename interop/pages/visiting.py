"""A visit: who asks for a page, what the API is asked for them, and the page that they get."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from interop.api import links
from interop.api.asgi import ASKER, Asgi
from interop.api.asgi import Request as Asked
from interop.api.build import software_version
from interop.api.inside import Inside
from interop.api.services import Services
from interop.api.signon.door import NONE
from interop.api.signon.screens import role_words
from interop.api.signon.sessions import ENDED, FIELD, LONGEST, SAFE, TOKEN, Foreign, Session, Sessions
from interop.clock import MICROSECONDS
from interop.errors import Problem
from interop.pages.areas import areas, navigation
from interop.policy.asker import Asker
from interop.screen import headers
from interop.screen.templating import render
from interop.screen.words import LONDON
from interop.signon.people import demo_users

PACKAGE: Final = "interop.pages"
LARGEST: Final = 256 * 1024
"""Bytes of a form."""
FIELDS: Final = 200
HTMX: Final = "hx-request"
IDS: Final = ("patient", "id")
"""Parts of an address that are ids."""
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


@dataclass(slots=True)
class Visit:
    """One request for a page. ``api`` asks for who visits; ``token`` is what each form sends back in the field ``csrf``."""

    services: Services
    request: Request
    asker: Asker
    api: Inside
    session: Session | None = None

    @property
    def token(self) -> str:
        return self.session.token if self.session is not None else ""

    @property
    def now(self) -> datetime:
        """The engine's clock, as the clock on an English wall says."""
        return datetime.fromtimestamp(self.services.clock.now() / MICROSECONDS, LONDON)

    @property
    def signed(self) -> dict[str, Any]:
        """What stands in the body of a page of the session, by which a browser tells it from another, and for how long it may last
        yet, in seconds; {} where nobody has signed on by one. What a phone keeps is of one session (``crew.js``)."""
        if self.session is None:
            return {}
        name = sha256(f"pages {self.session.asker.session}".encode()).hexdigest()[:32]
        left = self.session.began + LONGEST - self.services.clock.now() // MICROSECONDS
        return {"data-session": name, "data-left": str(left), "data-csrf": self.token}

    @property
    def partial(self) -> bool:
        """Whether a part of a page is asked for, by htmx."""
        return self.request.headers.get(HTMX) == "true"

    async def stays(self) -> bool:
        """Whether whoever visits is still signed on: for what goes on after the request was let in."""
        if self.session is None or self.services.signon is None:
            return True
        return await self.services.signon.sessions.alive(self.session)

    def enter(self, area: str) -> None:
        """Raises Problem ``forbidden`` where the area is not for the role."""
        if self.asker.role not in areas()[area].roles:
            raise Problem("forbidden", detail=f"{areas()[area].title} is not for the role {role_words(self.asker.role)}")

    def page(self, template: str, title: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page, or for htmx the part that the template is."""
        return page(self.services, template, title, status=status, visit=self, **values)

    def lead(self, path: str) -> RedirectResponse:
        """After a form: to another page of ours, by GET."""
        return RedirectResponse(path, 303, headers={"cache-control": "no-store"})

    async def form(self) -> Mapping[str, str]:
        """The fields of a form of ours; of one that is repeated the last. Raises Foreign where the session's token is not with
        it, Problem ``too-large``, ``malformed``."""
        pairs = await self._pairs()
        return dict(pairs)

    async def fields(self) -> list[tuple[str, str]]:
        """The same with those that are repeated."""
        return await self._pairs()

    async def _pairs(self) -> list[tuple[str, str]]:
        asked = Asked(self.request.scope, self.request.receive)
        try:
            body = (await asked.body(LARGEST)).decode("utf-8")
            pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
        except ValueError:
            raise Problem("malformed", detail="the form cannot be read") from None
        if self.session is not None:
            Sessions.check(self.session, self.request.headers.get(TOKEN.decode()) or dict(pairs).get(FIELD, ""))
        return [(name, value.strip()) for name, value in pairs if name != FIELD]


def page(
    services: Services, template: str, title: str, *, status: int = 200, visit: Visit | None = None, **values: Any
) -> HTMLResponse:
    """A page for who visits, None for nobody."""
    asker = visit.asker if visit is not None else None
    path = visit.request.url.path if visit is not None else ""
    said = {
        "title": title,
        "failed": status >= 400,
        "version": software_version(),
        "demo": services.signon is not None and services.signon.demo,
        "open": services.signon is None,
        "visitor": visitor(services, asker) if asker is not None else None,
        "navigation": navigation(asker.role, path) if asker is not None else [],
        "csrf": visit.token if visit is not None else "",
        "bodyAttributes": visit.signed if visit is not None else {},
        "now": visit.now if visit is not None else None,
        "mark": mark(visit.request.path_params.get("patient", "")) if visit is not None else "",
        **values,
    }
    return HTMLResponse(render(PACKAGE, template, **said), status, headers=headers.PAGE)


def mark(patient: str) -> str:
    """By what the tab of one record is told from that of another: it says nothing of anybody, as the title stays in a browser's
    history. '' for a page about nobody."""
    return sha256(f"tab {patient}".encode()).hexdigest()[:4] if patient else ""


def visitor(services: Services, asker: Asker) -> dict[str, Any]:
    """Who one is here, in words; ``leaves``: there is a session to end."""
    user = demo_users().get(asker.user.rpartition("|")[2]) if services.signon is not None and services.signon.demo else None
    place = f", {asker.organisation}" if asker.organisation else ""
    role = f"{role_words(asker.role)}{place}"
    return {
        "said": f"{user.name} ({role})" if user is not None else role,
        "role": asker.role,
        "leaves": services.signon is not None,
    }


class SignIn(Exception):
    """Nobody has signed on: the browser is led to where one does, and back. ``ended``: somebody had, and is told so first."""

    def __init__(self, *, ended: bool = False) -> None:
        super().__init__(ended)
        self.ended = ended


def visiting(services: Services, api: Asgi) -> Callable[[Request], Any]:
    """The dependency that finds out who visits. Raises SignIn, Problem."""

    async def visit(request: Request) -> Visit:
        asked = Asked(request.scope, request.receive)
        reading = _reading(asked)
        try:
            asker = request.scope[ASKER] = await services.door.admit(reading)
        except Problem as problem:
            request.scope.update({ASKER: reading.asker})  # who it was is known though they are not let in
            why = getattr(problem, "why", NONE if problem.reason.name == "unauthenticated" else "")
            if why in (NONE, ENDED) and request.method in SAFE:
                raise SignIn(ended=why == ENDED) from None
            raise
        session = None
        if services.signon is None:
            _same(asked, services)
        elif not asked.head.token:
            services.signon.sessions.ours(asked)
            session = await services.signon.sessions.find(asked)
        if not all(_ID.fullmatch(request.path_params.get(name, name)) for name in IDS):
            raise Problem("not-found")
        return Visit(services, request, asker, Inside(api, request.scope, asker), session)

    return visit


def _reading(asked: Asked) -> Asked:
    """As the door takes it before the body is read: the session's token stands in the form, which ``Visit.form`` holds to it."""
    return Asked({**asked.scope, "method": "GET"}, asked._receive)


def _same(asked: Asked, services: Services) -> None:
    """Raises Foreign where a browser says that another site's page asks, of an engine that is open."""
    origin, site = asked.header(b"origin"), asked.header(b"sec-fetch-site")
    foreign = site not in ("", "same-origin", "none") and asked.method not in SAFE
    if foreign or (origin and origin != links.root(asked, services.base)):
        raise Foreign("cross-site")
