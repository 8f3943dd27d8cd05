"""Finding whom a crew is with, and opening the card: ``/crew``, ``/crew/{patient}``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.errors import Problem
from interop.pages.crew import offline
from interop.pages.crew.outcomes import records_outcomes
from interop.pages.crew.showing import shown
from interop.pages.crew.writing import OUTCOMES
from interop.pages.finding import Finding, find
from interop.pages.visiting import Visit
from interop.policy.tables import tables

AREA: Final = "crew"
REASONS: Final = ("I am with this person at the scene", "I am on the way to this person", "This person is on the telephone")
"""Why somebody says that they are involved in the care: one tap at the scene."""

SAID: Final = "said"
"""In an address: whoever comes has just said why, so that a card that stays closed says so."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Of the form and the card."""

    @app.api_route("/crew", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def crew(request: Request) -> Response:
        here = await visit(request)
        here.enter(AREA)
        return _form(here, Finding())

    @app.post("/crew", response_class=HTMLResponse)
    async def crew_find(request: Request) -> Response:
        here = await visit(request)
        here.enter(AREA)
        return _form(here, await find(here, await here.form()))

    @app.api_route("/crew/{patient}", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def card(request: Request, patient: str) -> Response:
        here = await visit(request)
        here.enter(AREA)
        try:
            said = await here.api.get(f"/fhir/Patient/{patient}/$crew-card")
        except NotGiven as refused:
            return _denied(here, patient, refused)
        found = shown(said)
        may = may_open(here) if found["withheld"] else {}
        return here.page(
            "crew/card.html",
            "Crew card",
            card=found,
            patient=patient,
            outcomes=OUTCOMES.values() if records_outcomes(here) and not found["withheld"] else (),
            receipt=offline.receipt(here, patient),
            said_why=SAID in request.query_params,
            **may,
        )

    @app.post("/crew/{patient}/with", response_class=HTMLResponse)
    async def with_person(request: Request, patient: str) -> Response:
        """One says that one is involved in the care of the person."""
        here = await visit(request)
        here.enter(AREA)
        reason = (await here.form()).get("reason", "")
        if not reason:
            raise Problem("bad-parameter", detail="say why you open the card")
        said = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": reason}]}
        await here.api.send("POST", f"/fhir/Patient/{patient}/$claim-relationship", said)
        return here.lead(f"/crew/{patient}?{SAID}=yes")


def _form(here: Visit, finding: Finding) -> HTMLResponse:
    return here.page(
        "crew/find.html",
        "Find a person",
        status=finding.status,
        finding=finding,
        find_at="/crew",
        found_to="/crew/",
    )


def _denied(here: Visit, patient: str, refused: NotGiven) -> HTMLResponse:
    """Why there is no card, as the API says it."""
    return here.page(
        "crew/denied.html",
        "There is no card to show",
        status=refused.status,
        sentences=refused.sentences,
        patient=patient,
        **(may_open(here) if refused.status in (403, 404) else {}),
    )


def may_open(here: Visit) -> dict[str, Any]:
    """What the role may do about a record that is withheld: by the table of the policy, which the API holds everyone to."""
    role = tables().roles.get(here.asker.role)
    given = frozenset(("self-claim", "break-glass")) if role is None or role.all else role.given
    return {"may_claim": "self-claim" in given, "may_break": "break-glass" in given, "reasons": REASONS}
