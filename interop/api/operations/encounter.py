"""``Encounter/[id]/$everything`` (FHIR R4, Encounter operation everything): the encounter, all in its compartment, its patient."""

from __future__ import annotations

import orjson

from interop.api.asgi import Response
from interop.api.fhir.included import local, referenced
from interop.api.fhir.read import present
from interop.api.operations.bundles import answer, wanted
from interop.api.operations.operation import Asked
from interop.api.searching.compartments import compartment, types_of
from interop.fhir.shapes import text
from interop.store.plan import Count, Search, Several
from interop.store.values import Stored
from interop.store.where import All, Types, Updated, Where

NAME = "$everything"
ENCOUNTER = "Encounter"


async def everything(asked: Asked) -> Response:
    """A page; raises Problem ``not-found``, ``gone``, ``bad-parameter``."""
    page = wanted(asked)
    decision = asked.services.decide(asked.request, NAME, ENCOUNTER, asked.id)
    encounter = await present(asked.services, decision, ENCOUNTER, asked.id)
    types = tuple(sorted(types_of(ENCOUNTER) | {ENCOUNTER}))
    parts: list[Where] = [compartment(ENCOUNTER, (asked.id,), types)]
    if page.types:
        parts.append(Types(page.types))
    if page.since:
        parts.append(Updated("ge", page.since, page.since))
    where = All(tuple(parts))
    after = (page.after[0], page.after[1]) if page.after else None
    matches: list[Stored] = await asked.services.store.query(Search(decision, "", where, (), page.count, after))
    more = len(matches) > page.count
    matches = matches[: page.count]
    total = page.total
    if page.after is None:
        total = (await asked.services.store.query(Count(decision, "", where)))[0] if more else len(matches)
    along = await referenced(asked.services, decision, matches)
    subject = tuple(local([text(orjson.loads(encounter.body).get("subject"), "reference")]))
    along += await asked.services.store.query(Several(decision, subject)) if subject and page.after is None else []
    kept = [each for each in along if each.updated >= page.since and (not page.types or each.type in page.types)]
    return answer(asked, page, matches, kept, more, total)
