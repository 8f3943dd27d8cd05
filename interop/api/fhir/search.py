"""Search of a type by GET and POST (FHIR R4 http, 3.1.0.10; search, 3.1.1)."""

from __future__ import annotations

from typing import Any

from interop.api import links
from interop.api.asgi import Request, Response, parameters
from interop.api.fhir.bundle import Link, bundle, found, said
from interop.api.fhir.included import included
from interop.api.negotiation import prefer
from interop.api.paging import CURSOR, alone
from interop.api.problems import outcome
from interop.api.searching import Query, understand
from interop.api.searching.parameter import Ground
from interop.api.services import QUERY_LIMIT, Services
from interop.errors import Problem
from interop.policy.decide import Question, decide
from interop.store.decision import Decision
from interop.store.plan import Count, Search
from interop.store.values import Stored

FORM = "application/x-www-form-urlencoded"
SAYS_NOTHING = ("_count", "_sort", "_total", "_summary", "_include", "_revinclude")
"""Parameters that hold nothing about anybody."""


async def search(services: Services, request: Request, type: str) -> Response:
    """``GET [base]/Type?...``"""
    return await _answer(services, request, type, request.query, posted=False)


async def search_by_post(services: Services, request: Request, type: str) -> Response:
    """``POST [base]/Type/_search``: what is looked for stands in no address, the links of the answer included."""
    if request.header(b"content-type").partition(";")[0].strip().lower() != FORM:
        raise Problem("media-type", detail=f"{FORM} is wanted")
    pairs = request.query + parameters(await request.body(QUERY_LIMIT))
    return await _answer(services, request, type, pairs, posted=True)


async def _answer(services: Services, request: Request, type: str, pairs: list[tuple[str, str]], *, posted: bool) -> Response:
    base = links.base(request, services.base)
    decision = decide(Question("search-type", type))
    strict = prefer(request.header(b"prefer")).strict
    after: tuple[Any, ...] | None = None
    total: int | None = None
    address = f"{base}/{type}"
    own = [(name, value) for name, value in pairs if name == CURSOR]
    now = services.clock.now()
    if own:
        of, now, sent, place, total = services.seal.open(alone([pair for pair in pairs if pair[0] not in ("_format", "_pretty")]))
        if of != type:
            raise Problem("bad-parameter", where=CURSOR, detail="it belongs to another address")
        pairs, after = [(name, value) for name, value in sent], tuple(place)
    query = understand(Ground(services.parameters, base, now), type, pairs, strict)
    if own:
        query.ignored.clear()
    address_of_self = address + links.query(own or ([] if posted else query.used))
    if posted and not own:
        address_of_self = f"{address}/_search{links.query(pair for pair in query.used if pair[0] in SAYS_NOTHING)}"
    said_links: list[Link] = [("self", address_of_self)]
    if query.only_count:
        number = await _count(services, decision, query)
        return Response(200, bundle("searchset", said_links, _outcomes(query), number))
    plan = Search(decision, type, query.where, query.sort, query.count, after)
    matches: list[Stored] = await services.store.query(plan)
    more = len(matches) > query.count
    matches = matches[: query.count]
    if after is None and query.total != "none":
        total = len(matches) if not more else await _count(services, decision, query) if query.total else None
    if more:
        last = matches[-1]
        cursor = services.seal.seal([type, now, query.used, [*last.sort, last.id], total])
        said_links.append(("next", f"{address}?{CURSOR}={cursor}"))
    entries = [found(base, match) for match in matches]
    if query.includes or query.revincludes:
        along, complete = await included(services, decision, query, matches)
        entries += [found(base, stored, "include") for stored in along]
        if not complete:
            entries.append(said(outcome([_warning("incomplete", "More would come along with this page than is given.")])))
    return Response(200, bundle("searchset", said_links, entries + _outcomes(query), total))


async def _count(services: Services, decision: Decision, query: Query) -> int:
    found: list[int] = await services.store.query(Count(decision, query.type, query.where))
    return found[0]


def _outcomes(query: Query) -> list[bytes]:
    """What was ignored, said in the answer (lenient handling; 3.1.1.2.1)."""
    if not query.ignored:
        return []
    issues = [_warning("not-supported", f"The parameter {name} was ignored: {why}.") for name, why in query.ignored]
    return [said(outcome(issues))]


def _warning(code: str, text: str) -> dict[str, Any]:
    return {"severity": "warning", "code": code, "diagnostics": text}
