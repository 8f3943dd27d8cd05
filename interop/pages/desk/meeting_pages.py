"""``/desk/meeting``: the people of the review, one after the other. ``/desk/relink``: whom pseudonyms mean."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.inside import NotGiven
from interop.api.operations.relinking import FORM as PSEUDONYM
from interop.api.operations.relinking import REASONS
from interop.api.operations.worklists import WHOLE, worklists
from interop.errors import Problem
from interop.pages.desk.dispatch import Quicker
from interop.pages.desk.forms import wrong
from interop.pages.desk.lists import MDT, Listed, asked, open_to
from interop.pages.desk.meeting import DECISIONS, ask_review, decide, past, place, reviews
from interop.pages.desk.steps import Wrong
from interop.pages.patient import banner, person, records
from interop.pages.visiting import Visit

GET: Final = ["GET", "HEAD"]
MEETING, RELINK = "/desk/meeting", "/desk/relink"
REASON_WORDS: Final = {
    "integrated-review": "To review them in the team",
    "care-planning": "To plan care with them",
    "medicines-review": "To review their medicines",
    "safety": "Because they may be in danger",
}


def routes(app: FastAPI, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Pages and their forms."""

    async def entered(request: Request) -> Visit:
        here = await visit(request)
        here.enter("desk")
        if not any(each.name == MDT for each in open_to(here.asker)):
            raise Problem("forbidden", detail="The meeting is for those who review people together")
        return here

    @app.api_route(MEETING, methods=GET, response_class=HTMLResponse)
    async def begin(request: Request) -> Response:
        here = await entered(request)
        listed = await _listed(here)
        if listed.lines:
            return here.lead(f"{MEETING}/{listed.lines[0].patient}")
        return here.page("desk/nobody.html", "Meeting", listed=listed)

    @app.api_route(MEETING + "/{patient}", methods=GET, response_class=HTMLResponse)
    async def one(request: Request, patient: str) -> HTMLResponse:
        return await _person(await entered(request), patient)

    @app.post(MEETING + "/{patient}")
    async def decision(request: Request, patient: str) -> Response:
        here = await entered(request)
        form = await here.form()
        try:
            await decide(here, patient, form)
        except Wrong as mistake:
            return await _person(here, patient, form, {mistake.field: mistake.words})
        except Quicker:
            return await _person(here, patient, quicker=True)
        after = form.get("after", "")
        return here.lead(f"{MEETING}/{after}" if re.fullmatch(r"[A-Za-z0-9.-]{1,64}", after) else MEETING)

    @app.api_route(RELINK, methods=GET, response_class=HTMLResponse)
    async def relink(request: Request) -> HTMLResponse:
        return _relink(await entered(request))

    @app.post(RELINK)
    async def relinked(request: Request) -> HTMLResponse:
        here = await entered(request)
        return await _relinked(here, await here.form())

    @app.post(RELINK + "/{patient}")
    async def review(request: Request, patient: str) -> Response:
        here = await entered(request)
        await ask_review(here, patient, (await here.form()).get("once", "") or uuid4().hex)
        return here.lead(f"{MEETING}/{patient}")


async def _listed(here: Visit) -> Listed:
    return await asked(here.api, worklists()[MDT], here.now, count=WHOLE)


async def _person(
    here: Visit,
    patient: str,
    form: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    quicker: bool = False,
) -> HTMLResponse:
    held, listed, (open_, done) = await asyncio.gather(records(here, patient), _listed(here), reviews(here, patient))
    found, absent = held
    who: dict[str, Any] = {"person": person(here, patient, found) | {"absent": absent}}
    values: dict[str, Any] = {
        "patient": patient,
        "place": place(listed, [each["id"] for each in found]),
        "decisions": DECISIONS,
        "tasks": " ".join(each["id"] for each in open_),
        "open": open_,
        "past": past(done),
        "once": (form or {}).get("once") or uuid4().hex,
        "form": form or {},
        "quicker": quicker,
        "listed": listed,
    }
    return here.page("desk/meeting.html", "Meeting", **who, **values, **wrong(errors, quicker=quicker))


def _relink(here: Visit, errors: Mapping[str, str] | None = None, **values: Any) -> HTMLResponse:
    said = {"reasons": REASON_WORDS, "form": {}, "people": None, **values}
    return here.page("desk/relink.html", "Pseudonyms", **said, **wrong(errors))


async def _relinked(here: Visit, form: Mapping[str, str]) -> HTMLResponse:
    pseudonyms = form.get("pseudonyms", "").lower().replace(",", " ").split()
    errors = {}
    if not pseudonyms:
        errors["pseudonyms"] = "Copy the pseudonyms from the list"
    elif strange := [each for each in pseudonyms if not PSEUDONYM.fullmatch(each)]:
        errors["pseudonyms"] = f"This is no pseudonym of a list: {strange[0][:40]}"
    if form.get("reason") not in REASONS:
        errors["reason"] = "Choose why you need to know"
    if errors:
        return _relink(here, errors, form=form)
    parts = [{"name": "reason", "valueCode": form["reason"]}, *({"name": "pseudonym", "valueString": each} for each in pseudonyms)]
    try:
        said = await here.api.send("POST", "/fhir/$relink", {"resourceType": "Parameters", "parameter": parts})
    except NotGiven as refused:
        if refused.status != 404:
            raise
        return _relink(here, form=form, people=[], asked=len(set(pseudonyms)))
    found = [{one["name"]: one for one in each["part"]} for each in said.get("parameter", ())]
    ids = {
        each["pseudonym"]["valueString"]: each["patient"]["valueReference"]["reference"].removeprefix("Patient/") for each in found
    }
    shown = await asyncio.gather(*(banner(here, id_) for id_ in ids.values()))
    people = [
        {"pseudonym": pseudonym, "person": each["person"], "once": uuid4().hex} for pseudonym, each in zip(ids, shown, strict=True)
    ]
    return _relink(here, form=form, people=people, asked=len(set(pseudonyms)))
