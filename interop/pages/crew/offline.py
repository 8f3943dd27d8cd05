"""What stays readable without a network: a page without a patient in it, the worker that answers with it, and who opened what.

A card is given with a receipt: sealed, who was given whose card when. A phone that was offline brings receipts back with the times
at which it opened its copies; so nobody can say that somebody else has read what they were never given, and what was read under one
session is told to the audit under the next (``docs/decisions/0085-crew-pages.md``).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from interop.api.services import Services
from interop.api.signon.sessions import LONGEST
from interop.clock import MICROSECONDS, instant
from interop.errors import Problem
from interop.pages.visiting import Visit, page
from interop.policy.asker import Asker
from interop.screen import assets, headers

Json = dict[str, Any]
SHELL: Final = "/crew/offline"
UNSENT: Final = "/crew/unsent"
WORKER: Final = "/crew/worker.js"
KEPT: Final = ("nhsuk-frontend-10.6.1.min.css", "interop.css", "crew.css", "crew.js", "images/icon.svg")
"""Assets of which the worker keeps copies: they are about nobody."""
SEALED: Final = "crew copy"
OPENS: Final = 50
"""Openings in one form."""
_SECONDS: Final = re.compile(r"\d{1,5}")


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """The shell, the worker, and where openings are told."""

    @app.api_route(SHELL, methods=["GET", "HEAD"])
    async def shell() -> Response:
        return page(services, "crew/offline.html", "Crew card, offline", bare=True)

    @app.api_route(UNSENT, methods=["GET", "HEAD"])
    async def unsent() -> Response:
        return page(services, "crew/unsent.html", "Nothing was sent", bare=True)

    @app.api_route(WORKER, methods=["GET", "HEAD"])
    async def worker() -> Response:
        named = {"SHELL": SHELL, "UNSENT": UNSENT, "ASSETS": [assets.address(name) for name in KEPT]}
        first = "".join(f"const {name} = {orjson.dumps(value).decode()};\n" for name, value in named.items())
        body = first.encode() + assets.assets()["crew-worker.js"].body
        said = {**headers.PAGE, "cache-control": "no-cache", "service-worker-allowed": "/crew"}
        return Response(body, 200, said, "text/javascript; charset=utf-8")

    @app.post("/crew/opened")
    async def opened(request: Request) -> Response:
        here = await visit(request)
        here.enter("crew")
        fields = await here.fields()
        told = [value for name, value in fields if name == "open"]
        if len(told) > OPENS:
            raise Problem("too-large", detail=f"more than {OPENS} openings")
        noted = await asyncio.gather(*(_told(here, each) for each in told))
        return JSONResponse({"noted": sum(noted), "refused": len(noted) - sum(noted)}, headers={"cache-control": "no-store"})


def receipt(here: Visit, patient: str) -> str:
    """That whoever visits was given the card of a Patient now; '' where nobody has signed on by a session: then nothing is kept."""
    signon, session = here.services.signon, here.session
    if signon is None or session is None:
        return ""
    who, given = here.asker, here.services.clock.now() // MICROSECONDS
    return signon.seal().seal(
        SEALED, [who.user, who.role, who.organisation, who.client, who.fhir_user, who.session, patient, given]
    )


async def _told(here: Visit, said: str) -> bool:
    """Whether the audit has one opening: ``RECEIPT SECONDS``, so long after the copy was given, within twelve hours. It is of
    whoever the receipt names. A phone's clock may be wrong, so it is not asked what time it was."""
    sealed, _, after = said.partition(" ")
    signon = here.services.signon
    if signon is None or not _SECONDS.fullmatch(after) or int(after) > LONGEST:
        return False
    try:
        user, role, organisation, client, fhir_user, session, patient, given = signon.seal().open(SEALED, sealed)
    except (Problem, ValueError):
        return False
    who = Asker(user, role, organisation, client, "", "", fhir_user, scopes=None, session=session)
    when = instant((given + int(after)) * MICROSECONDS)
    answer = await here.api.of(who).ask(
        "POST",
        f"/fhir/Patient/{patient}/$opened-offline",
        body=orjson.dumps({"resourceType": "Parameters", "parameter": [{"name": "when", "valueInstant": when}]}),
        headers=[(b"content-type", b"application/fhir+json")],
    )
    return answer.status == 200
