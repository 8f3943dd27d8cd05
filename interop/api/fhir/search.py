"""Search of a type, of several, of all, and of a compartment, by GET and POST (FHIR R4 http, 3.1.0.10; search, 3.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from interop.api import links
from interop.api.absences import absences, persons
from interop.api.asgi import Request, Response, parameters
from interop.api.fhir.bodies import expanded as unpacked
from interop.api.fhir.bundle import Link, bundle, listed, said
from interop.api.fhir.included import Along
from interop.api.forms import POSTED
from interop.api.negotiation import prefer
from interop.api.paging import CURSOR, PASSED, SMALL, alone
from interop.api.problems import outcome
from interop.api.searching import Ground, Query, understand
from interop.api.searching.combining import of_person
from interop.api.searching.compartments import COMPARTMENTS, compartment, types_of
from interop.api.searching.expanding import expanded
from interop.api.searching.query import Within
from interop.api.searching.standing import ground
from interop.api.searching.widening import widened
from interop.api.services import QUERY_LIMIT, Services
from interop.api.subsetting import subset
from interop.errors import Problem
from interop.store.decision import Decision
from interop.store.plan import Count, Group, Search
from interop.store.values import Stored

FORM: Final = "application/x-www-form-urlencoded"
FEW: Final = 100
"""So many that are only counted are in the audit as if they had been given; the number of more is of nobody."""
URL_LIMIT: Final = 60_000
"""Bytes of a query string."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is searched: the address below the base, the types (() = all), what narrows them, under which Decision."""

    address: str
    types: tuple[str, ...]
    decision: Decision
    within: Within | None = None


async def search(services: Services, request: Request, type: str) -> Response:
    """``GET [base]/Type?...``, ``POST [base]/Type/_search``"""
    return await _answer(services, request, Place(f"/{type}", (type,), services.decide(request, "search-type", type)))


async def search_system(services: Services, request: Request) -> Response:
    """``GET [base]?...``, ``POST [base]/_search``"""
    return await _answer(services, request, Place("", (), services.decide(request, "search-system")))


async def search_compartment(services: Services, request: Request, name: str, id: str, type: str) -> Response:
    """``GET [base]/Patient/1/Type?...``, ``GET [base]/Patient/1/*?...``, and by POST. A compartment of nobody is empty.

    Raises Problem ``not-found`` where there is no such compartment or the type is never in it."""
    if name not in COMPARTMENTS or (type != "*" and type not in types_of(name)):
        raise Problem("not-found", detail="there is no such compartment, or the type is never in it")
    types = tuple(sorted(types_of(name))) if type == "*" else (type,)
    decision = services.decide(request, "search-type", "" if type == "*" else type)
    ids: list[str] = await services.store.query(Group(decision, id)) if name == "Patient" else [id]
    within = partial(compartment, name, tuple(ids))
    return await _answer(services, request, Place(f"/{name}/{id}/{type}", types, decision, within))


@dataclass(slots=True)
class Asked:
    """A request as it came: its parameters; with a cursor, where to go on and what the first page knew."""

    pairs: list[tuple[str, str]]
    strict: bool
    now: int
    cursor: str = ""
    after: tuple[Any, ...] | None = None
    total: int | None = None


@dataclass(slots=True)
class Page:
    """What a search came to. ``more``: there is another page."""

    query: Query
    matches: list[Stored]
    more: bool
    total: int | None


async def _asked(services: Services, request: Request, place: Place) -> Asked:
    pairs = await _pairs(services, request)
    strict = prefer(request.header(b"prefer")).strict if b"prefer" in request.headers else False
    if CURSOR not in [name for name, _ in pairs]:
        return Asked(pairs, strict, services.clock.now())
    cursor = alone([pair for pair in pairs if pair[0] not in PASSED])
    now, sent, last, total = services.seal.open(services.cursor_of(request, place.address), cursor)
    after = tuple(last) if last is not None else None
    return Asked([(name, value) for name, value in sent], False, now, cursor, after, total)


async def _pairs(services: Services, request: Request) -> list[tuple[str, str]]:
    """The parameters of the URL and of the form."""
    if len(request.scope.get("query_string", b"")) > URL_LIMIT:
        raise Problem("bad-parameter", detail=f"a query of at most {URL_LIMIT} bytes is taken; longer ones by POST")
    if request.method != "POST":
        return request.query
    if request.header(b"content-type").partition(";")[0].strip().lower() not in (FORM, ""):
        raise Problem("media-type", detail=f"{FORM} is wanted")
    form = parameters(await unpacked(request, QUERY_LIMIT))
    request.scope[POSTED] = form
    return request.query + form


async def _answer(services: Services, request: Request, place: Place) -> Response:
    asked = await _asked(services, request, place)
    standing = ground(services, links.base(request, services.base), asked.now)
    page = await _page(services, standing, place, asked, asked.pairs)
    if not page.matches and not page.total and not asked.strict and not asked.cursor:
        wider = widened(asked.pairs)
        if wider is not None:
            page = await _page(services, standing, place, asked, wider)
            page.query.told.append("No identifier of that value is without a system: those of any system are given.")
    query, address = page.query, standing.base + place.address
    said_links: list[Link] = [("self", address + _self(query, asked))]

    def sealed(reached: list[Any] | None) -> str:
        return services.seal.seal(services.cursor_of(request, place.address), [asked.now, query.used, reached, page.total])

    if page.more or asked.cursor:
        said_links.append(("first", f"{address}?{CURSOR}={sealed(None)}"))
    if page.more:
        last = page.matches[-1]
        reached = [*last.sort, last.id] if query.type else [*last.sort, last.type, last.id]
        said_links.append(("next", f"{address}?{CURSOR}={sealed(reached)}"))
    entries = await _entries(services, place.decision, standing, query, page.matches)
    if not asked.cursor and not query.only_count and place.decision.predicate is not None:
        absent = await absences(services, request, "search-type", persons(query.where), page.matches)
        entries += [said(outcome(absent))] if absent else []
    return Response(200, bundle("searchset", said_links, entries, page.total))


async def _page(services: Services, standing: Ground, place: Place, asked: Asked, pairs: list[tuple[str, str]]) -> Page:
    """Understand the parameters, and read."""
    query = await expanded(
        services, place.decision, standing, lambda on: understand(on, place.types, pairs, asked.strict, place.within)
    )
    if query.only_count:
        return Page(query, [], False, await _counted(services, place.decision, query))
    plan = Search(place.decision, query.type, query.where, query.sort, query.count, asked.after)
    matches: list[Stored] = await services.store.query(plan)
    more, total = len(matches) > query.count, asked.total
    if more:
        del matches[query.count :]
    if not asked.cursor and query.total != "none":
        if not more:
            total = len(matches)
        else:
            total = await _total(services, place.decision, query)
    return Page(query, matches, more, total)


async def _counted(services: Services, decision: Decision, query: Query) -> int:
    """How many match. A few are looked at: that somebody fits what was asked is told of them, and is in the audit as told."""
    counted = int((await services.store.query(Count(decision, query.type, query.where)))[0])
    if 0 < counted <= FEW and decision.account is not None:
        await services.store.query(Search(decision, query.type, query.where, (), counted))
    return counted


async def _total(services: Services, decision: Decision, query: Query) -> int | None:
    """How many match on all pages, where that is asked for or costs little.

    How large a type is tells of what who asks may not see: to whom anything is withheld, totals are given unasked of one person's
    record alone."""
    if decision.predicate is not None and not query.total:
        of_one = of_person(query.where)
        return int((await services.store.query(Count(decision, query.type, query.where)))[0]) if of_one else None
    if not query.total and not services.small.likely(query.type):
        return None
    found: list[int] = await services.store.query(Count(decision, query.type, query.where, 0 if query.total else SMALL))
    services.small.told(query.type, bool(found))
    return found[0] if found else None


async def _entries(services: Services, decision: Decision, standing: Ground, query: Query, matches: list[Stored]) -> list[bytes]:
    """Matches, what comes along with them, and what is to be said about the search."""
    along: list[Stored] = []
    complete = True
    if query.includes or query.revincludes:
        gathered = Along(services, decision, standing, matches)
        await gathered.follow(query, matches)
        along, complete = gathered.found, gathered.complete
    if query.summary or query.elements:
        for stored in matches:
            stored.body = subset(stored.body, stored.type, query.summary, query.elements)
    if query.summary:  # "the list of elements does not apply to included resources" (3.1.1.5.9)
        for stored in along:
            stored.body = subset(stored.body, stored.type, query.summary)
    entries = listed(standing.base, matches)
    if along:
        entries += listed(standing.base, along, b"include")
    if not complete:
        entries.append(said(outcome([_warning("incomplete", "More would come along with this page than is given.")])))
    return entries + _outcomes(query)


def _self(query: Query, asked: Asked) -> str:
    """The query of the self link: what had an effect ("the server SHALL return the parameters that were actually used",
    3.1.1.2.1), as a GET that finds the same, also where it was posted."""
    return links.query([(CURSOR, asked.cursor)] if asked.cursor else query.used)


def _outcomes(query: Query) -> list[bytes]:
    """What was ignored and what else is to be known, said in the answer (lenient handling; 3.1.1.2.1)."""
    if not query.ignored and not query.told:
        return []
    issues = [_warning("not-supported", f"The parameter {name} was ignored: {why}.") for name, why in query.ignored]
    return [said(outcome(issues + [_warning("informational", text) for text in query.told]))]


def _warning(code: str, text: str) -> dict[str, Any]:
    return {"severity": "warning", "code": code, "diagnostics": text}
