"""``/record/{patient}``: the record on one page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.fhir.shapes import Json
from interop.pages.record.asking import Found, looked_up, search
from interop.pages.record.cards import Card, absent, card, plans
from interop.pages.record.opening import opened
from interop.pages.record.recent import Shape, appointment, contact, lines, problem, result
from interop.pages.record.sources import Sources
from interop.pages.visiting import Visit

ALL: Final = 1000
"""Of what endangers nothing is behind a number: the crew card itself is bounded."""
FEW: Final = 5
"""Contacts, appointments and results that are shown."""
SOME, EVERY = 12, 500
"""Problems that are shown; those that are where all are asked for."""
WHOLE: Final = "all"
"""In an address: the card of which all is to be shown."""
PROBLEMS: Final = "problems"
NOT_GIVEN: Final = "Not shown to this role."
NONE: Final = "None recorded."
NOT_ALL: Final = "None recorded by those whose records are here; not all are."
PAST: Final = ("inactive", "remission", "resolved")
"""Clinical statuses of problems that are over."""
Asked = tuple[str, list[tuple[str, str]], Shape, int, str, str]


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """``/record/{patient}``."""

    @app.api_route("/record/{patient}", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def summary(request: Request, patient: str) -> HTMLResponse:
        here = await visit(request)
        values = await opened(here, patient)
        return here.page("record/summary.html", "Summary", **values, **await summed_up(here, patient, values["patients"]))


async def summed_up(here: Visit, patient: str, patients: list[Json]) -> dict[str, Any]:
    """What the summary shows of a person whose Patients these are. Raises NotGiven where there is no card."""
    parts = _parts(here, patient)
    whole, *found = await asyncio.gather(
        here.api.get(f"/fhir/Patient/{patient}/$crew-card"), *(_given(here, type_, criteria) for type_, criteria, *_ in parts)
    )
    sources = Sources.of_card(whole)
    plan = (f"/record/{patient}/plan", "The whole plan")
    names = await looked_up(here, [*patients, *(each for one in found if one is not None for each in one.matches)])
    missing = absent(whole)

    def of(name: str, title: str, **how: Any) -> Card:
        return card(whole, name, title, sources, **how)

    beside = {
        name: _card(
            name, title, one, lines(one.matches, shape, names, sources, most) if one is not None else (), most, bool(missing)
        )
        for (_, _, shape, most, name, title), one in zip(parts, found, strict=True)
    }
    more = f"/record/{patient}"
    return {
        "absent": missing,
        "top": [
            of("alerts", "Alerts", style="alert", most=ALL),
            of("cpr", "CPR recommendation", style="alert", most=ALL),
            of("allergies", "Allergies and adverse reactions", style="alert", most=ALL),
        ],
        "cards_shown": [
            replace(of("matters", "What matters to me", style="wide"), lead=plan),
            _led(here, more, beside[PROBLEMS]),
            replace(of("medicines", "Current medicines"), lead=(f"{more}/medicines", "Medicines by source")),
            replace(beside["contacts"], lead=(f"{more}/timeline", "Timeline")),
            replace(beside["appointments"], lead=(f"{more}/appointments", "All appointments")),
            replace(beside["results"], lead=(f"{more}/results", "All results")),
            of("people", "Key people", together=True, most=ALL),
            of("gp", "GP practice", together=True, most=ALL),
        ],
        "glance": [
            replace(each, lead=plan if each.more else None)
            for each in (
                of("steps", "If this, then that"),
                of("advanceDecisions", "Advance statements and decisions"),
                of("placeOfCare", "Preferred place of care"),
                of("placeOfDeath", "Preferred place of death"),
                of("namedClinician", "Named clinician"),
            )
            if each.lines or each.conflict
        ],
        "plans": plans(whole, sources),
        "plan_page": plan[0],
    }


def _all(here: Visit) -> bool:
    return here.request.query_params.get(WHOLE) == PROBLEMS


def _led(here: Visit, to: str, problems: Card) -> Card:
    """With a link to all of them, where some are not here and all were not asked for."""
    lead = (f"{to}?{WHOLE}={PROBLEMS}#card-{PROBLEMS}", "All problems")
    return replace(problems, lead=lead) if problems.more and not _all(here) else problems


def _parts(here: Visit, patient: str) -> tuple[Asked, ...]:
    now, today = here.now.isoformat(timespec="seconds"), here.now.date().isoformat()
    of = ("patient", patient)
    few = str(3 * FEW)
    open_ = [("clinical-status:not", each) for each in PAST]
    most = EVERY if _all(here) else SOME
    return (
        ("Condition", [of, ("category", "problem-list-item"), *open_, ("_count", str(most))], problem, most, PROBLEMS,
         "Problems"),
        ("Encounter", [of, ("date", f"le{now}"), ("_sort", "-date"), ("_count", few)], contact, FEW, "contacts", "Recent contacts"),
        ("Appointment", [of, ("date", f"ge{today}"), ("_sort", "date"), ("_count", few)], appointment, FEW, "appointments",
         "Next appointments"),
        ("Observation", [of, ("_sort", "-date"), ("_count", few)], result, FEW, "results", "Latest results"),
    )  # fmt: skip


async def _given(here: Visit, type: str, criteria: list[tuple[str, str]]) -> Found | None:
    """A search; None where the API gives who asks nothing of the type."""
    try:
        return await search(here.api, type, criteria)
    except NotGiven as refused:
        if refused.status != 403:
            raise
        return None


def _card(name: str, title: str, found: Found | None, shown: tuple[Any, ...], most: int, missing: bool) -> Card:
    if found is None:
        return Card(name, title, words=NOT_GIVEN)
    total = found.total if found.total is not None else len(found.matches)
    words = "" if shown else NOT_ALL if missing else NONE
    return Card(name, title, shown, words, more=max(0, total - len(shown)) if len(shown) == most else 0)
