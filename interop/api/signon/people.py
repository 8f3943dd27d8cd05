"""Addresses at which people sign on and off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from interop.api.asgi import Request, Response
from interop.api.auditing.scope import SIGNING, WHY
from interop.api.problems import json_error, not_allowed
from interop.api.services import Services
from interop.api.signon import authorize, login, screens
from interop.api.signon.service import SignOn
from interop.errors import Problem

PREFIX: Final = "/auth/"
Handler = Callable[[SignOn, Services, Request], Awaitable[Response]]
ADDRESSES: Final[dict[str, tuple[tuple[str, ...], Handler]]] = {
    f"{PREFIX}authorize": (("GET",), authorize.authorize),
    f"{PREFIX}sign-on": (("POST",), authorize.sign_on),
    f"{PREFIX}patient": (("POST",), authorize.patient),
    f"{PREFIX}launch": (("POST",), authorize.launch),
    f"{PREFIX}login": (("GET",), login.login),
    f"{PREFIX}callback": (("GET",), login.callback),
    f"{PREFIX}logout": (("GET", "POST"), login.logout),
}
"""Address -> methods and what answers."""
PROGRAMS: Final = (f"{PREFIX}launch",)
"""What a program asks; the others are pages."""


async def answer(services: Services, request: Request) -> Response:
    """Any address of people, a Problem as a page; raises Problem, Disconnected."""
    found = ADDRESSES.get(request.path)
    if services.signon is None or found is None:
        raise Problem("not-found")
    methods, handle = found
    if request.method not in methods:
        return json_error(*not_allowed(methods))
    try:
        return await handle(services.signon, services, request)
    except Problem as problem:
        if request.path in PROGRAMS or problem.reason.name in ("not-found", "fault"):
            raise
        request.scope[WHY] = getattr(problem, "why", problem.reason.name)
        request.scope.setdefault(SIGNING, "sign-on")
        said = f"{problem.reason.sentence} {problem.reason.action}"
        response = screens.stopped(said, status=problem.reason.http, demo=services.signon.demo)
        response.headers += getattr(problem, "headers", [])
        return response
