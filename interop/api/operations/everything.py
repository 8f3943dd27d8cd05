"""``Patient/[id]/$everything`` (FHIR R4, Patient operation ``everything``): all that is about the person, page by page.

The person's linked Patients belong to it. What the resources of a page refer to comes with that page.
"""

from __future__ import annotations

from interop.api import links
from interop.api.asgi import Request, Response
from interop.api.fhir.bundle import Link, bundle, found
from interop.api.fhir.included import referenced
from interop.api.fhir.read import present
from interop.api.paging import read_page
from interop.api.services import Services
from interop.policy.decide import Question, decide
from interop.store.plan import Compartment
from interop.store.values import Stored

NAME = "$everything"


async def everything(services: Services, request: Request, type: str, id: str) -> Response:
    """A page; raises Problem ``not-found``, ``gone``, ``bad-parameter``."""
    page = read_page(services, request, {"_count", "_since", "_type"})
    question = Question(NAME, "Patient", id)
    await present(services, question)
    decision = decide(question)
    after = (page.after[0], page.after[1]) if page.after else None
    matches: list[Stored] = await services.store.query(Compartment(decision, id, page.types, page.since, page.count + 1, after))
    more = len(matches) > page.count
    matches = matches[: page.count]
    along = [
        stored
        for stored in await referenced(services, decision, matches)
        if stored.updated >= page.since and (not page.types or stored.type in page.types)
    ]
    address = links.root(request, services.base) + request.path
    said: list[Link] = [("self", address + links.query(page.used))]
    if more:
        said.append(("next", address + page.following([matches[-1].type, matches[-1].id])))
    base = links.base(request, services.base)
    entries = [found(base, stored) for stored in matches] + [found(base, stored, "include") for stored in along]
    return Response(200, bundle("searchset", said, entries, len(matches) if not more and after is None else None))
