"""``/record/{patient}/medicines``: allergies, what is taken by who says so, and what the latest stay in hospital did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.fhir.shapes import Json
from interop.pages.record import asking
from interop.pages.record.cards import Card, card
from interop.pages.record.changes import changes, organisations
from interop.pages.record.courses import PAST, REQUESTS, STATEMENTS, groups
from interop.pages.record.origins import absent, lacking
from interop.pages.record.showing import showing
from interop.pages.record.sources import Sources
from interop.pages.visiting import Visit

PART: Final = "/medicines"
MOST: Final = 200
"""Of what is current, so many of a type."""
FORMER: Final = 40
"""Of what is not, so many of a type: the latest."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Medicines."""
    showing(app, visit, PART)("/medicines", "record/medicines.html", all_of, "Medicines")


async def all_of(here: Visit, patient: str, patients: list[Json]) -> dict[str, Any]:
    """What the page shows. Raises NotGiven where medicines are not for who asks."""
    (whole, changed), found = await asyncio.gather(
        asyncio.gather(*(_or_refused(here, f"/fhir/Patient/{patient}/{name}") for name in ("$crew-card", "$medication-changes"))),
        asyncio.gather(*(asking.search(here.api, type_, criteria) for type_, criteria in _asked(patient))),
    )
    statements, requests, *former = found
    current = [*statements.matches, *requests.matches]
    past = [each for one in former for each in one.matches]
    told = changed if isinstance(changed, dict) else {}
    names = await asking.looked_up(here, [*patients, *current, *past], organisations(told) | lacking(statements.outcomes))
    sources = Sources.of_card(whole if isinstance(whole, dict) else {})
    return {
        "allergies": _allergies(whole, sources),
        "groups": groups(current, past, names, lambda each: sources.of_resource(each, names), here.services.clock.now()),
        "unshown": sum((each.total or 0) - len(each.matches) for each in (statements, requests)),
        "changes": changes(told, names) if told else None,
        "unchanged": changed.sentences if isinstance(changed, NotGiven) else [],
        "absent": absent(statements.outcomes, names),
    }


def _asked(patient: str) -> list[tuple[str, list[tuple[str, str]]]]:
    of, count, few = ("patient", patient), ("_count", str(MOST)), ("_count", str(FORMER))
    over = ("status", ",".join(PAST))
    return [
        ("MedicationStatement", [of, ("status", ",".join(STATEMENTS)), ("_sort", "-effective"), count]),
        ("MedicationRequest", [of, ("status", ",".join(REQUESTS)), ("_sort", "-authoredon"), count]),
        ("MedicationStatement", [of, over, ("_sort", "-effective"), few]),
        ("MedicationRequest", [of, over, ("_sort", "-authoredon"), few]),
    ]


async def _or_refused(here: Visit, path: str) -> Json | NotGiven:
    try:
        found: Json = await asking.get(here.api, path)
    except NotGiven as refused:
        return refused
    return found


def _allergies(whole: Json | NotGiven, sources: Sources) -> Card:
    title = "Allergies and adverse reactions"
    if isinstance(whole, NotGiven):
        return Card("allergies", title, words=" ".join(whole.sentences) or "Not shown.", style="alert")
    return card(whole, "allergies", title, sources, most=50, style="alert")
