"""History of a resource, a type and the whole system (FHIR R4 http, 3.1.0.13), newest first."""

from __future__ import annotations

from interop.api import links
from interop.api.asgi import Request, Response
from interop.api.fhir.bundle import Link, bundle, happened
from interop.api.paging import read_page
from interop.api.services import Services
from interop.errors import Problem
from interop.policy.decide import Question, decide
from interop.store.plan import History, Read
from interop.store.values import Stored


async def history(services: Services, request: Request, type: str = "", id: str = "") -> Response:
    """A page of versions. ``total`` is given where one page holds all. Raises Problem ``not-found``, ``bad-parameter``."""
    page = read_page(services, request, {"_count", "_since"})
    decision = decide(Question("history-instance" if id else "history-type" if type else "history-system", type, id))
    before = (page.after[0], page.after[1], page.after[2], page.after[3]) if page.after else None
    plan = History(decision, type or None, id or None, page.since, page.count + 1, before)
    found: list[Stored] = await services.store.query(plan)
    if id and not found and not await services.store.query(Read(decision, type, id)):
        raise Problem("not-found")
    more = len(found) > page.count
    found = found[: page.count]
    address = request.path
    base = links.base(request, services.base)
    said: list[Link] = [("self", links.root(request, services.base) + address + links.query(page.used))]
    if more and found:
        last = found[-1]
        following = page.following([last.updated, last.type, last.id, last.version])
        said.append(("next", links.root(request, services.base) + address + following))
    total = len(found) if not more and page.after is None else None
    return Response(200, bundle("history", said, [happened(base, stored) for stored in found], total))
