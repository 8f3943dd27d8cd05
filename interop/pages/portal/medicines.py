"""Medicines: what is taken now, as those who prescribe it wrote it, and what the latest stay in hospital changed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi.responses import HTMLResponse

from interop.api.inside import NotGiven
from interop.careplan.crew.line import Said
from interop.careplan.crew.medicines import medicines
from interop.careplan.plan import Given
from interop.careplan.written import unmarked
from interop.clock import MICROSECONDS
from interop.fhir.searching import interval
from interop.fhir.shapes import Json, dicts, text
from interop.pages.portal.listing import CHUNK
from interop.pages.portal.whose import Whose
from interop.pages.portal.words import absences
from interop.pages.record.asking import Found, Known, search


@dataclass(frozen=True, slots=True)
class Stay:
    """What a stay changed, in the API's words for the person: kinds of change with name and sentence of each medicine."""

    began: str
    ended: str
    kinds: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def taken(resources: Iterable[Json], known: Known, now: int) -> list[Said]:
    """What is taken now; ``now`` in microseconds. Pure."""

    def over(date: str) -> bool:
        span = interval(date)
        return span is not None and span[1] <= now

    def begun(date: str) -> bool:
        span = interval(date)
        return span is None or span[0] <= now

    return medicines((Given(each, 1) for each in resources), known.words, over, begun)


def repeated(listed: Iterable[Said]) -> frozenset[str]:
    """Names under which there is more than one line, in small letters: two records of one medicine are not two to take. Pure."""
    counted = Counter(each.text.casefold() for each in listed)
    return frozenset(name for name, times in counted.items() if times > 1)


def stay(composition: Json) -> Stay | None:
    """Of ``$medication-changes``; None where no stay is recorded. Pure."""
    periods = [each.get("period") for each in dicts(composition, "event")]
    if not periods:
        return None
    kinds = []
    for section in dicts(composition, "section"):
        lines = tuple(
            (text(each, "title"), " ".join(unmarked(text(each.get("text"), "div")).split())) for each in dicts(section, "section")
        )
        if lines:
            kinds.append((text(section, "title"), lines))
    return Stay(text(periods[0], "start"), text(periods[0], "end"), tuple(kinds))


async def changes(whose: Whose) -> Stay | None:
    """What the latest stay changed; None where there was none. Raises NotGiven."""
    try:
        bundle = await whose.here.api.get(f"/fhir/Patient/{whose.id}/$medication-changes", for_="patient")
    except NotGiven as refused:
        if refused.status != 404:
            raise
        return None
    resources = [each["resource"] for each in bundle.get("entry", ())]
    whose.lacking += [each for each in absences(resources) if each.state and each not in whose.lacking]
    return stay(next((each for each in resources if text(each, "resourceType") == "Composition"), {}))


async def page(whose: Whose) -> HTMLResponse:
    """Both."""
    criteria = [("patient", whose.id), ("_count", CHUNK), ("_total", "accurate")]
    statuses = "active,on-hold,unknown,intended"
    found: list[Found] = []
    statements, requests, changed = await asyncio.gather(
        search(whose.here.api, "MedicationStatement", [*criteria, ("status", statuses)]),
        search(whose.here.api, "MedicationRequest", [*criteria, ("status", "active,on-hold,unknown")]),
        changes(whose),
    )
    found += [statements, requests]
    resources = [each for one in found for each in one.matches]
    names = await whose.known(resources)
    whose.lacking += [each for one in found for each in absences(one.outcomes) if each not in whose.lacking]
    now = int(whose.here.now.timestamp()) * MICROSECONDS
    more = any((one.total or 0) > len(one.matches) for one in found)
    listed = taken(resources, names, now)
    title, twice = whose.titled("medicines"), repeated(listed)
    return whose.page("medicines.html", title, names, taken=listed, repeated=twice, stay=changed, more=more)
