"""Appointments: those to come first, and whom to ring about them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from fastapi.responses import HTMLResponse

from interop.fhir.shapes import Json, dicts, text
from interop.pages.portal.listing import CHUNK, listing
from interop.pages.portal.whose import Whose
from interop.pages.portal.words import absences, said
from interop.pages.record.asking import Found, Known, search

WITH: Final = ("Practitioner", "PractitionerRole")
AT: Final = ("Location", "HealthcareService", "Organization")
OFF: Final = frozenset(("cancelled", "entered-in-error", "noshow"))
"""Statuses of what nobody goes to."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """``start`` is '' where there is no time yet. ``words`` are its source's own: comment and instructions."""

    start: str
    minutes: int
    what: str
    status: str
    off: bool
    where: tuple[str, ...]
    address: str
    who: tuple[str, ...]
    phone: str
    words: tuple[str, ...]


def appointment(resource: Json, known: Known) -> Appointment:
    """An Appointment as the person reads it. Pure."""
    actors = [each.get("actor") for each in dicts(resource, "participant")]
    places = [each for each in actors if text(each, "reference").partition("/")[0] in AT]
    held = [target for each in places if (target := known.at(each)) is not None]
    concepts = [*dicts(resource, "serviceType"), *dicts(resource, "reasonCode"), *dicts(resource, "specialty")]
    what = next((words for each in concepts if (words := known.words.of(each))), "") or text(resource, "description")
    length = resource.get("minutesDuration")
    phones = [text(each, "value") for target in held for each in dicts(target, "telecom") if text(each, "system") == "phone"]
    own = (text(resource, "comment"), text(resource, "patientInstruction"))
    return Appointment(
        text(resource, "start"),
        length if isinstance(length, int) else 0,
        what or "Appointment",
        said("appointment", text(resource, "status"), text(resource, "status")),
        text(resource, "status") in OFF,
        tuple(dict.fromkeys(name for each in places if (name := known.called(each)))),
        next((line for target in held if (line := _address(target))), ""),
        tuple(dict.fromkeys(
            name for each in actors if text(each, "reference").partition("/")[0] in WITH and (name := known.called(each))
        )),
        next(iter(phones), ""),
        tuple(dict.fromkeys(each for each in own if each)),
    )  # fmt: skip


def _address(place: Json) -> str:
    held = place.get("address")
    address = held[0] if isinstance(held, list) and held else held
    if not isinstance(address, dict):
        return ""
    lines = [str(each) for each in address.get("line", ()) if each] if isinstance(address.get("line"), list) else []
    return ", ".join([*lines, *(text(address, name) for name in ("city", "postalCode") if text(address, name))])


async def coming(whose: Whose) -> Found:
    """Those of today and later, the next first. Raises NotGiven."""
    since = whose.here.now.date().isoformat()
    return await _asked(whose, [("date", f"ge{since}"), ("_sort", "date")])


async def _asked(whose: Whose, more: list[tuple[str, str]]) -> Found:
    found = await search(whose.here.api, "Appointment", [("patient", whose.id), ("_count", CHUNK), ("_total", "accurate"), *more])
    whose.lacking += [each for each in absences(found.outcomes) if each not in whose.lacking]
    return found


async def page(whose: Whose) -> HTMLResponse:
    """Those to come and, page by page, those that were."""
    now = whose.here.now.date().isoformat()
    undated = [("date:missing", "true")]
    ahead, before, open_ = await asyncio.gather(
        coming(whose), _asked(whose, [("date", f"lt{now}"), ("_sort", "-date")]), _asked(whose, undated)
    )
    names = await whose.known([*ahead.matches, *before.matches[:100], *open_.matches])
    past = [appointment(each, names) for each in before.matches]
    more = (before.total or 0) > len(before.matches)
    return whose.page(
        "appointments.html",
        whose.titled("appointments"),
        names,
        coming=[appointment(each, names) for each in (*ahead.matches, *open_.matches)],
        past=listing(past, whose.here.request.query_params.get("page", ""), more=more),
    )
