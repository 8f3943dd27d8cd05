"""Search of a type, of several, of all, and of a compartment, by GET and POST (FHIR R4 http, 3.1.0.10; search, 3.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from interop.api import links
from interop.api.asgi import Request, Response, parameters
from interop.api.fhir.bodies import expanded as unpacked
from interop.api.fhir.bundle import Link, bundle, listed, said
from interop.api.fhir.included import Along
from interop.api.negotiation import prefer
from interop.api.paging import CURSOR, PASSED, alone
from interop.api.problems import outcome
from interop.api.searching import Ground, Query, understand
from interop.api.searching.compartments import COMPARTMENTS, compartment, types_of
from interop.api.searching.expanding import expanded
from interop.api.searching.results import RESULTS
from interop.api.searching.standing import ground
from interop.api.services import QUERY_LIMIT, Services
from interop.api.subsetting import subset
from interop.errors import Problem
from interop.policy.decide import Question, decide
from interop.store.decision import Decision
from interop.store.plan import Count, Group, Search
from interop.store.values import Stored
from interop.store.where import Where

FORM: Final = "application/x-www-form-urlencoded"
URL_LIMIT: Final = 60_000
"""Bytes of a query string."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is searched: the address below the base, the types (() = all), what narrows them, under which Decision."""

    address: str
    types: tuple[str, ...]
    decision: Decision
    within: Where | None = None


async def search(services: Services, request: Request, type: str) -> Response:
    """``GET [base]/Type?...``, ``POST [base]/Type/_search``"""
    return await _answer(services, request, Place(f"/{type}", (type,), decide(Question("search-type", type))))


async def search_system(services: Services, request: Request) -> Response:
    """``GET [base]?...``, ``POST [base]/_search``"""
    return await _answer(services, request, Place("", (), decide(Question("search-system"))))


async def search_compartment(services: Services, request: Request, name: str, id: str, type: str) -> Response:
    """``GET [base]/Patient/1/Type?...``, ``GET [base]/Patient/1/*?...``, and by POST. A compartment of nobody is empty.

    Raises Problem ``not-found`` where there is no such compartment or the type is never in it."""
    if name not in COMPARTMENTS or (type != "*" and type not in types_of(name)):
        raise Problem("not-found", detail="there is no such compartment, or the type is never in it")
    types = tuple(sorted(types_of(name))) if type == "*" else (type,)
    ids: list[str] = await services.store.query(Group(id)) if name == "Patient" else [id]
    decision = decide(Question("search-type", "" if type == "*" else type))
    return await _answer(services, request, Place(f"/{name}/{id}/{type}", types, decision, compartment(name, tuple(ids), types)))


async def _pairs(services: Services, request: Request) -> tuple[list[tuple[str, str]], bool]:
    """The parameters of the URL and of the form, and whether there was one."""
    if len(request.scope.get("query_string", b"")) > URL_LIMIT:
        raise Problem("bad-parameter", detail=f"a query of at most {URL_LIMIT} bytes is taken; longer ones by POST")
    if request.method != "POST":
        return request.query, False
    if request.header(b"content-type").partition(";")[0].strip().lower() not in (FORM, ""):
        raise Problem("media-type", detail=f"{FORM} is wanted")
    form = parameters(await unpacked(request, QUERY_LIMIT))
    request.scope["interop.shown"] = form
    return request.query + form, True


async def _answer(services: Services, request: Request, place: Place) -> Response:
    base = links.base(request, services.base)
    pairs, posted = await _pairs(services, request)
    strict = prefer(request.header(b"prefer")).strict if b"prefer" in request.headers else False
    after: tuple[Any, ...] | None = None
    total: int | None = None
    now = services.clock.now()
    cursor = [(name, value) for name, value in pairs if name == CURSOR]
    if cursor:
        sealed = alone([pair for pair in pairs if pair[0] not in PASSED])
        of, now, sent, last, total = services.seal.open(sealed)
        if of != place.address:
            raise Problem("bad-parameter", where=CURSOR, detail="it belongs to another address")
        pairs, strict = [(name, value) for name, value in sent], False
        after = tuple(last) if last is not None else None
    standing = ground(services, base, now)
    query = await expanded(services, place.decision, standing, lambda on: understand(on, place.types, pairs, strict, place.within))
    said_links: list[Link] = [("self", base + place.address + _self(query, cursor, posted))]
    if query.only_count:
        number: list[int] = await services.store.query(Count(place.decision, query.type, query.where))
        return Response(200, bundle("searchset", said_links, _outcomes(query), number[0]))
    matches: list[Stored] = await services.store.query(
        Search(place.decision, query.type, query.where, query.sort, query.count, after)
    )
    more = len(matches) > query.count
    matches = matches[: query.count]
    if not cursor and query.total != "none":
        if not more:
            total = len(matches)
        elif query.total:
            total = (await services.store.query(Count(place.decision, query.type, query.where)))[0]
    if more or cursor:
        whole = [place.address, now, query.used, None, total]
        said_links.append(("first", f"{base}{place.address}?{CURSOR}={services.seal.seal(whole)}"))
    if more:
        last_one = matches[-1]
        reached = [*last_one.sort, last_one.id] if query.type else [*last_one.sort, last_one.type, last_one.id]
        onward = services.seal.seal([place.address, now, query.used, reached, total])
        said_links.append(("next", f"{base}{place.address}?{CURSOR}={onward}"))
    entries = await _entries(services, place.decision, standing, query, matches)
    return Response(200, bundle("searchset", said_links, entries, total))


async def _entries(services: Services, decision: Decision, standing: Ground, query: Query, matches: list[Stored]) -> list[bytes]:
    """Matches, what comes along with them, and what is to be said about the search."""
    along: list[Stored] = []
    complete = True
    if query.includes or query.revincludes:
        gathered = Along(services, decision, standing, matches)
        await gathered.follow(query, matches)
        along, complete = gathered.found, gathered.complete
    if query.summary or query.elements:
        for stored in (*matches, *along):
            stored.body = subset(stored.body, stored.type, query.summary, query.elements)
    entries = listed(standing.base, matches)
    if along:
        entries += listed(standing.base, along, b"include")
    if not complete:
        entries.append(said(outcome([_warning("incomplete", "More would come along with this page than is given.")])))
    return entries + _outcomes(query)


def _self(query: Query, cursor: list[tuple[str, str]], posted: bool) -> str:
    """The query of the self link: what had an effect. What was posted stands in no address, save what says nothing of anybody."""
    if cursor:
        return links.query(cursor)
    if posted:
        return "/_search" + links.query(pair for pair in query.used if pair[0].partition(":")[0] in RESULTS)
    return links.query(query.used)


def _outcomes(query: Query) -> list[bytes]:
    """What was ignored, said in the answer (lenient handling; 3.1.1.2.1)."""
    if not query.ignored:
        return []
    issues = [_warning("not-supported", f"The parameter {name} was ignored: {why}.") for name, why in query.ignored]
    return [said(outcome(issues))]


def _warning(code: str, text: str) -> dict[str, Any]:
    return {"severity": "warning", "code": code, "diagnostics": text}
