"""How a call ends: one small page that asks to confirm, one write, and what came of it. A double tap is one outcome."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.clock import instant
from interop.errors import Problem
from interop.fhir.shapes import Json, dicts, text
from interop.pages.crew.writing import KEYS, OUTCOMES, SYSTEM, URGENT, Outcome, transaction
from interop.pages.patient import banner
from interop.pages.visiting import Visit
from interop.screen.words import clock

RECORDING: Final = ("ambulance-clinician", "tester")
"""Roles whose calls end at a scene."""
RECENT: Final = timedelta(hours=12)
"""So long an outcome is told before another is written."""
LONGEST: Final = 300
"""Characters of what is said besides."""
CLOCK: Final = "urn:interop:codes:clock"
LATEST: Final = (("_sort", "-_lastUpdated"), ("_count", "5"))
_KEY: Final = re.compile(r"[0-9a-f]{32}")


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """A page for each outcome, and the one that says what came of it."""

    @app.api_route("/crew/{patient}/outcome/{id}", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def done(request: Request, patient: str, id: str) -> Response:
        here = await visit(request)
        here.enter("crew")
        return here.page("crew/done.html", "Recorded", patient=patient, **await came(here, patient, id))

    for outcome in OUTCOMES.values():
        _outcome(app, visit, outcome)


def _outcome(app: FastAPI, visit: Callable[[Request], Awaitable[Visit]], outcome: Outcome) -> None:
    async def asks(request: Request, patient: str) -> Response:
        here = await visit(request)
        _enter(here)
        return await _page(here, patient, outcome, secrets.token_hex(16))

    async def records(request: Request, patient: str) -> Response:
        here = await visit(request)
        _enter(here)
        form = await here.form()
        key, words = form.get("key", ""), form.get(outcome.field, "")
        if not _KEY.fullmatch(key):
            raise Problem("bad-parameter", detail="the form is not one of ours")
        if len(words) > LONGEST:
            return await _page(here, patient, outcome, key, words, [f"Use {LONGEST} characters at most"])
        bundle = transaction(outcome, patient, here.asker, words, key, instant(here.services.clock.now()))
        try:
            said = await here.api.send("POST", "/fhir", bundle)
        except NotGiven as refused:
            return await _page(here, patient, outcome, key, words, refused.sentences, refused.status)
        where = text(dicts(said, "entry")[0].get("response"), "location")
        return here.lead(f"/crew/{patient}/outcome/{where.partition('Encounter/')[2].partition('/')[0]}")

    address = f"/crew/{{patient}}/{outcome.code}"
    app.api_route(address, methods=["GET", "HEAD"], response_class=HTMLResponse, name=f"{outcome.code} asks")(asks)
    app.post(address, response_class=HTMLResponse, name=f"{outcome.code} records")(records)


def records_outcomes(here: Visit) -> bool:
    """Whether the buttons are for whoever visits; whether they may write is the API's to say."""
    return here.asker.role in RECORDING


def _enter(here: Visit) -> None:
    here.enter("crew")
    if not records_outcomes(here):
        raise Problem("forbidden", detail="the outcome of a call is recorded by the crew")


async def _page(
    here: Visit, patient: str, outcome: Outcome, key: str, words: str = "", errors: list[str] | None = None, status: int = 400
) -> HTMLResponse:
    """Asks whether that is what happened; says who it is about, and what was recorded before."""
    shown = await banner(here, patient)
    return here.page(
        "crew/outcome.html",
        outcome.said,
        status=status if errors else 200,
        patient=patient,
        outcome=outcome,
        key=key,
        said=words,
        errors=errors or [],
        before=await recent(here, patient),
        longest=LONGEST,
        **shown,
    )


async def recent(here: Visit, patient: str) -> list[Json]:
    """Outcomes that were recorded of the person within the last hours, the latest first."""
    since = (here.now - RECENT).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked = [
        ("patient", patient),
        ("identifier", f"{KEYS}|"),
        ("_lastUpdated", f"ge{since}"),
        ("_sort", "-_lastUpdated"),
        ("_count", "5"),
    ]
    try:
        found = await here.api.search("Encounter", asked)
    except NotGiven:
        return []
    return [_told(each) for each in found if text(each, "resourceType") == "Encounter"]


def _told(encounter: Json) -> Json:
    return {"said": said_of(encounter), "at": text(encounter.get("meta"), "lastUpdated")}


def said_of(encounter: Json) -> str:
    """The words of the outcome that an Encounter is."""
    codes = [one for each in dicts(encounter, "type") for one in dicts(each, "coding") if text(one, "system") == SYSTEM]
    known = OUTCOMES.get(text(codes[0], "code")) if codes else None
    return known.said if known is not None else "A contact at the scene"


async def came(here: Visit, patient: str, id: str) -> dict[str, Any]:
    """What was written, and how the clock stands. Raises NotGiven, Problem ``not-found``."""
    encounter = await here.api.get(f"/fhir/Encounter/{id}")
    if text(encounter.get("subject"), "reference") != f"Patient/{patient}":
        raise Problem("not-found")
    asked = any(text(one, "code") == URGENT for each in dicts(encounter, "type") for one in dicts(each, "coding"))
    return {
        "said": said_of(encounter),
        "at": text(encounter.get("meta"), "lastUpdated"),
        "destination": text((encounter.get("hospitalization") or {}).get("destination"), "display"),
        "asked": asked,
        "clock": await running(here, patient),
        "id": id,
    }


async def running(here: Visit, patient: str) -> Json | None:
    """The clock of the urgent response, where one runs: by when somebody is to be with the person."""
    asked = [
        ("patient", patient),
        ("code", f"{CLOCK}|{URGENT}"),
        ("status", "in-progress"),
        ("_sort", "-_lastUpdated"),
        ("_count", "5"),
    ]
    try:
        tasks = await here.api.search("Task", asked)
    except NotGiven:
        return None
    for task in tasks:
        due = text((task.get("restriction") or {}).get("period"), "end")
        if text(task, "resourceType") == "Task" and due:
            try:
                left = datetime.fromisoformat(due) - here.now
            except (ValueError, TypeError):  # no time of day, or none that there is
                continue
            return {"due": due, "clock": clock(due), "minutes": int(left.total_seconds() // 60)}
    return None
