"""``/record/{patient}/access``: why one may see this record, and saying that one is involved in the care of the person."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.inside import NotGiven
from interop.api.operations.declaring import REASON
from interop.api.services import Services
from interop.fhir.shapes import Json
from interop.pages.record import asking
from interop.pages.record.opening import opened, ways
from interop.pages.record.permissions import KINDS, organisations, permission
from interop.pages.record.returning import back
from interop.pages.visiting import Visit

PART: Final = "/access"
TITLE: Final = "Who may see this"
CLAIM: Final = "self-claim"
BREAK: Final = "break-glass"
SHORTEST: Final = 10
"""Characters of a reason: a word is none."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Why, and a claim."""

    @app.api_route("/record/{patient}/access", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def access(request: Request, patient: str) -> HTMLResponse:
        here = await visit(request)
        return await _page(here, patient, back(here, patient))

    @app.post("/record/{patient}/access", response_class=HTMLResponse)
    async def claim(request: Request, patient: str) -> Response:
        """One says that one is involved in the care of the person."""
        here = await visit(request)
        here.enter("record")
        form = await here.form()
        to, said = back(here, patient, form.get("to", "")), form.get("reason", "")
        if (error := fault(said)) is None:
            error = await declared(here, patient, "$claim-relationship", said)
        return here.lead(to) if error is None else await _page(here, patient, to, said, error, 400)


async def _page(here: Visit, patient: str, to: str, said: str = "", error: str = "", status: int = 200) -> HTMLResponse:
    values = await opened(here, patient, PART, though_withheld=True)
    more = {"to": to, "said": said, "errors": {"reason": error} if error else {}, "longest": REASON}
    return here.page("record/access.html", TITLE, status=status, **values, **more, **await told(here, patient))


async def told(here: Visit, patient: str) -> dict[str, Any]:
    """Why, in words, and what who asks may do about it here. Raises NotGiven."""
    answers = await asyncio.gather(*(_why(here, patient, each) for each in KINDS))
    by_type = dict(zip(KINDS, answers, strict=True))
    found = permission(by_type, await asking.known(here.api, [], organisations(answers)))
    open_ = ways(here)
    return {
        "permission": found,
        "may_claim": CLAIM in open_ and "relationship-claimed" in found.ways,
        "may_break": BREAK in open_,
        "break_glass": f"/record/{patient}/break-glass",
    }


async def _why(here: Visit, patient: str, type: str) -> Json:
    found: Json = await here.api.get(f"/fhir/Patient/{patient}/$why", type=type)
    return found


def fault(reason: str) -> str | None:
    """What is wrong with a reason, None for nothing."""
    if not reason:
        return "Enter the reason"
    if len(reason) < SHORTEST:
        return f"Say more: the reason must have {SHORTEST} characters or more"
    return f"The reason must have {REASON:,} characters or fewer" if len(reason) > REASON else None


async def declared(here: Visit, patient: str, operation: str, reason: str) -> str | None:
    """Say it to the API; what it answers where it refuses, None where it is done."""
    said = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": reason}]}
    try:
        await here.api.send("POST", f"/fhir/Patient/{patient}/{operation}", said)
    except NotGiven as refused:
        return " ".join(refused.sentences) or "This was not accepted"
    return None
