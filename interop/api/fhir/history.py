"""History of a resource, a type and the whole system (FHIR R4 http, 3.1.0.13), newest first."""

from __future__ import annotations

from interop.api import links
from interop.api.asgi import Request, Response
from interop.api.fhir.bundle import Link, bundle, happened
from interop.api.fhir.span import Span, read_span
from interop.api.services import Services
from interop.errors import Problem
from interop.store.decision import Decision
from interop.store.plan import History, Read
from interop.store.values import Stored


async def history(services: Services, request: Request, type: str = "", id: str = "") -> Response:
    """A page of versions. ``total`` is given where it is known without counting: one page holds all, or all versions of one
    resource are asked for. Raises Problem ``not-found``, ``bad-parameter``."""
    span = read_span(services.seal, request, services.cursor_of(request, request.path))
    decision = services.decide(request, "history-instance" if id else "history-type" if type else "history-system", type, id)
    plan = History(decision, type or None, id or None, span.since, span.count + 1, span.before, span.at)
    found: list[Stored] = await services.store.query(plan)
    if id and not found and not await services.store.query(Read(decision, type, id)):
        raise Problem("not-found")
    more = len(found) > span.count
    if span.before is None:
        span.total = _total(span, decision, found, of_one=bool(id))
    found = found[: span.count]
    address = links.root(request, services.base) + request.path
    said: list[Link] = [("self", address + span.own())]
    if more:
        last = found[-1]
        said.append(("next", address + span.following((last.updated, last.type, last.id, last.version))))
    base = links.base(request, services.base)
    shown = [b"" if each.deleted else span.part.of(each.body, each.type) for each in found]
    entries = [happened(base, each, body) for each, body in zip(found, shown, strict=True)]
    return Response(200, bundle("history", said, entries, span.total))


def _total(span: Span, decision: Decision, found: list[Stored], *, of_one: bool) -> int | None:
    """How many versions there are on all pages, seen from the first; None where that is not known."""
    if len(found) <= span.count:
        return len(found)
    return found[0].version if of_one and span.whole and decision.predicate is None else None
