"""``Patient/[id]/$everything`` (FHIR R4, Patient operation everything): all that is about the person, page by page; without an id,
all that is about anyone.

The person's linked Patients belong to it. What the resources of a page refer to comes with that page.
"""

from __future__ import annotations

from typing import Any

from interop.api.absences import absences, missing
from interop.api.asgi import Response
from interop.api.emergencies import emergencies
from interop.api.fhir.bundle import said
from interop.api.fhir.included import referenced
from interop.api.fhir.read import present
from interop.api.operations.bundles import CHUNK, Wanted, answer, wanted
from interop.api.operations.care_dates import within
from interop.api.operations.operation import Asked
from interop.api.problems import outcome
from interop.api.services import Services
from interop.errors import Problem
from interop.store.decision import Decision
from interop.store.plan import Compartment, Count
from interop.store.values import Stored
from interop.store.where import All, Person, Types, Updated, Where

NAME = "$everything"
MOST = 50_000
"""Resources of one person that are looked through for dates of care."""


async def everything(asked: Asked) -> Response:
    """A page; raises Problem ``not-found``, ``gone``, ``bad-parameter``, ``too-costly``."""
    page = wanted(asked)
    decision = asked.services.decide(asked.request, NAME, "Patient", asked.id)
    if asked.id:
        await of_person(asked, NAME, decision)
    matches, more, total = await about(asked.services, decision, asked.id, page)
    along = [
        stored
        for stored in await referenced(asked.services, decision, matches)
        if stored.updated >= page.since and (not page.types or stored.type in page.types)
    ]
    absent: list[dict[str, Any]] = []
    if asked.id and page.after is None:
        absent = await absences(asked.services, asked.request, NAME, (asked.id,), matches)
        absent += await emergencies(asked.services, asked.request, asked.id)
    return answer(asked, page, matches, along, more, total, after=[said(outcome(absent))] if absent else [])


async def of_person(asked: Asked, name: str, decision: Decision) -> None:
    """Raise Problem ``not-found``, ``gone`` where there is no such Patient to see; the first tells what is known to be absent."""
    try:
        await present(asked.services, decision, "Patient", asked.id)
    except Problem as problem:
        if problem.reason.name != "not-found":
            raise
        raise await missing(asked.services, asked.request, name, asked.id, problem) from None


async def about(services: Services, decision: Decision, patient: str, page: Wanted) -> tuple[list[Stored], bool, int | None]:
    """A page of the person's compartment, whether there is more, and how many there are on all pages; None for more than a page of
    everyone, which is not counted."""
    after = (page.after[0], page.after[1]) if page.after else None
    if page.dated:
        return await _dated(services, decision, patient, page, after)
    plan = Compartment(decision, patient, page.types, page.since, page.count + 1, after)
    matches: list[Stored] = await services.store.query(plan)
    more = len(matches) > page.count
    if page.after is not None:
        return matches[: page.count], more, page.total
    return matches[: page.count], more, await _total(services, plan) if more else len(matches)


async def _total(services: Services, plan: Compartment) -> int | None:
    """How many there are on all pages."""
    if not plan.patient:
        return None
    parts: list[Where] = [Person("", (plan.patient,))]
    if plan.types:
        parts.append(Types(plan.types))
    if plan.since:
        parts.append(Updated("ge", plan.since, plan.since))
    found: list[int] = await services.store.query(Count(plan.decision, "", All(tuple(parts))))
    return found[0]


async def _dated(
    services: Services, decision: Decision, patient: str, page: Wanted, after: tuple[str, str] | None
) -> tuple[list[Stored], bool, int | None]:
    """The same where dates of care count: no index holds those of every type, so the record is looked through."""
    matches: list[Stored] = []
    total, seen = 0, after if page.after is not None else None
    walked = 0
    while True:
        part: list[Stored] = await services.store.query(Compartment(decision, patient, page.types, page.since, CHUNK, seen))
        walked += len(part)
        if walked > MOST:
            raise Problem("too-costly")
        kept = [stored for stored in part if within(stored, page.start, page.end)]
        total += len(kept)
        matches += kept[: page.count + 1 - len(matches)]
        if len(part) < CHUNK or (page.after is not None and len(matches) > page.count):
            break
        seen = (part[-1].type, part[-1].id)
    return matches[: page.count], len(matches) > page.count, total if page.after is None else page.total
