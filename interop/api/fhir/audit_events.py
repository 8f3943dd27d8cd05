"""The engine's own audit as AuditEvents (FHIR R4; IHE RESTful ATNA, ITI-81): read and searched, never written.

AuditEvents that clients and feeds write are resources as any other. Which of the two a search reads, ``_source`` says
(``urn:interop:audit`` is the engine's own); without it the engine's own, but for whoever tries an engine that was started open.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from interop.api import links
from interop.api.asgi import FHIR_JSON, Request, Response, parameters
from interop.api.fhir.bodies import expanded
from interop.api.fhir.bundle import Link, bundle, found
from interop.api.fhir.read import version_headers
from interop.api.fhir.search import search
from interop.api.paging import CURSOR, DEFAULT, PASSED, alone, legible, read_count
from interop.api.searching.dates import span
from interop.api.services import QUERY_LIMIT, Services
from interop.audit import row as kinds
from interop.audit.events import SOURCE, audit_event, event_id, named
from interop.audit.row import Row
from interop.audit.trail import Trail
from interop.errors import Problem
from interop.formats.json import write_json
from interop.ids.national import ODS_ORGANISATION
from interop.policy.asker import TESTER, Asker
from interop.policy.tables import tables
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Group
from interop.store.sqlite.audit_index import Event, Wanted
from interop.store.values import Stored
from interop.store.where import Ids

AUDIT_EVENT: Final = "AuditEvent"
WATCHERS: Final = frozenset(("privacy-officer", "tester"))
"""Roles that see everyone's; anyone else sees those about themself."""
EARLIEST, LATEST = -(1 << 62), 1 << 62
TYPES: Final = {
    "rest": (kinds.READ, kinds.DENIAL, kinds.CHANGE, kinds.ANSWER),
    "110107": (kinds.MESSAGE,),
    "110106": (kinds.NOTIFICATION,),
    "110100": (kinds.OPENED, kinds.CLOSED),
    "110114": (kinds.SIGNED,),
    "110113": (kinds.NOTICE, kinds.DECLARED),
    "110101": (kinds.JUDGED,),
}
"""``AuditEvent.type`` -> kinds of rows."""
KINDS: Final = frozenset(kind for some in TYPES.values() for kind in some) - {kinds.READ}
"""Subtypes that are kinds of rows; the others are interactions."""


class Seen(NamedTuple):
    """About whom the asker may see AuditEvents: None = about anyone and nobody."""

    patients: tuple[str, ...] | None


async def seen(services: Services, request: Request, interaction: str, id: str = "") -> Seen:
    """What who asks may see of the audit; raises Problem ``forbidden``."""
    decision = services.decide(request, interaction, AUDIT_EVENT, id)
    asker = request.asker
    if isinstance(decision.predicate, Ids) and not decision.predicate.ids:
        return Seen(())
    if asker.patient:
        return Seen(await group(services, asker.patient))
    if asker.role in WATCHERS:
        return Seen(None)
    raise Problem("forbidden")


async def group(services: Services, patient: str) -> tuple[str, ...]:
    """The Patients that are one person with this one, as the audit names them."""
    members: list[str] = await services.store.query(Group(PERMIT_ALL, patient))
    return services.audit.ids(sorted({*members, patient}))


async def search_type(services: Services, request: Request, type: str) -> Response:
    """A search of a type; of AuditEvent, of the engine's own where these are meant."""
    if type == AUDIT_EVENT and services.trail is not None and own(request):
        return await search_own(services, request, services.trail)
    return await search(services, request, type)


def own(request: Request) -> bool:
    """Whether a search of AuditEvent means the engine's own."""
    if request.method in ("GET", "HEAD"):
        said = [value for name, value in request.query if name == "_source"]
        if said:
            return said == [SOURCE]
    return request.asker.role != TESTER.role


async def read_own(services: Services, request: Request, id: str) -> Response:
    """One of the engine's own; raises Problem ``not-found``."""
    place = named(id)
    allowed = await seen(services, request, "read", id)
    if services.trail is None or place is None:
        raise Problem("not-found")
    one = await services.trail.aside(services.trail.one, *place)
    if one is None or (allowed.patients is not None and one[0].patient not in allowed.patients):
        raise Problem("not-found")
    told(request, [one])
    stored = projected(*one, request.asker)
    return Response(200, stored.body, FHIR_JSON, version_headers(stored))


async def search_own(services: Services, request: Request, trail: Trail) -> Response:
    """``GET [base]/AuditEvent?...`` and by POST. Raises Problem ``bad-parameter``, ``forbidden``."""
    pairs = [pair for pair in await _pairs(request) if pair[0] not in PASSED]
    allowed = await seen(services, request, "search-type")
    address = f"/{AUDIT_EVENT}"
    cursor = services.cursor_of(request, address)
    after: tuple[int, int, int, int] | None = None
    total: int | None = None
    if CURSOR in [name for name, _ in pairs]:
        now, said, last, total = services.seal.open(cursor, alone(pairs))
        pairs, after = [(name, value) for name, value in said], (last[0], last[1], last[2], last[3])
    else:
        now = services.clock.now()
    wanted = (await _wanted(services, pairs, now))._replace(after=after)
    if allowed.patients is not None:
        own_ids = allowed.patients
        narrowed = tuple(each for each in wanted.patients if each in own_ids) if wanted.patients else own_ids
        wanted = wanted._replace(patients=narrowed or ("",), users=wanted.users)
        if not narrowed or not {*wanted.users} <= {request.asker.user}:
            wanted = wanted._replace(high=EARLIEST)
    rows = await trail.aside(trail.find, wanted)
    more = len(rows) > wanted.page
    rows = rows[: wanted.page]
    if total is None:
        total = len(rows) if not more else await trail.aside(trail.index.count, wanted)
    told(request, rows)
    base = links.base(request, services.base)
    said_links: list[Link] = [("self", f"{base}{address}?{urlencode(pairs)}")]
    if more:
        last_event = rows[-1][0]
        reached = [last_event.time, last_event.chain, last_event.sequence, last_event.number]
        said_links.append(("next", f"{base}{address}?{CURSOR}={services.seal.seal(cursor, [now, pairs, reached, total])}"))
    entries = [found(base, projected(event, row, request.asker)) for event, row in rows]
    return Response(200, bundle("searchset", said_links, entries, total))


def told(request: Request, rows: list[tuple[Event, Row]]) -> None:
    """Note in the request's account whose audit was given."""
    request.account.resources += len(rows)
    request.account.patients.update((event.patient, None) for event, _ in rows if event.patient)


def projected(event: Event, row: Row, reader: Asker) -> Stored:
    """A row about one patient as it is served. To anyone but who watches over the audit no member of staff is named: the
    organisation answers for them."""
    if reader.role not in WATCHERS and row.who.user != reader.user:
        row = row._replace(who=row.who._replace(user="", agent="", session=""))
    purposes = {name: each.code for name, each in tables().purposes.items()}
    resource = audit_event(row, event.chain, event.number, event.status, purposes)
    id_ = event_id(event.chain, event.sequence, event.number)
    return Stored(AUDIT_EVENT, id_, 1, event.time, write_json(resource))


async def _pairs(request: Request) -> list[tuple[str, str]]:
    if request.method != "POST":
        return request.query
    return request.query + parameters(await expanded(request, QUERY_LIMIT))


async def _wanted(services: Services, pairs: list[tuple[str, str]], now: int) -> Wanted:
    wanted: dict[str, Any] = {"page": DEFAULT, "low": EARLIEST, "high": LATEST}
    for name, value in pairs:
        values = tuple(value.split(","))
        match name:
            case "patient" | "patient:Patient":
                some = [await group(services, each.removeprefix("Patient/")) for each in values]
                wanted["patients"] = tuple(dict.fromkeys(one for each in some for one in each))
            case "date":
                low, high = bounds(*span(name, value, now))
                wanted["low"], wanted["high"] = max(wanted["low"], low), min(wanted["high"], high)
            case "agent:identifier":
                _agents(wanted, values)
            case "agent-role":
                wanted["roles"] = tuple(each.rpartition("|")[2] for each in values)
            case "action":
                wanted["actions"] = tuple(each.rpartition("|")[2] for each in values)
            case "type":
                wanted["kinds"] = tuple(kind for each in values for kind in TYPES.get(each.rpartition("|")[2], ("-",)))
            case "subtype":
                codes = [each.rpartition("|")[2] for each in values]
                wanted["kinds" if KINDS.issuperset(codes) else "interactions"] = tuple(codes)
            case "entity-type":
                wanted["types"] = values
            case "outcome":
                wanted["outcomes"] = tuple(each.rpartition("|")[2] for each in values)
            case "_count":
                wanted["page"] = max(1, read_count(value))
            case "_sort":
                if value not in ("date", "-date", "_lastUpdated", "-_lastUpdated"):
                    raise Problem("bad-parameter", where="_sort", detail="AuditEvents of the engine are sorted by date alone")
                wanted["oldest"] = value[0] != "-"
            case "_source" | "_total":
                pass
            case _:
                raise Problem("bad-parameter", where=legible(name), detail="AuditEvents of the engine are not found by it")
    return Wanted(**wanted)


def _agents(wanted: dict[str, Any], values: tuple[str, ...]) -> None:
    for each in values:
        system, _, value = each.partition("|")
        column = {ODS_ORGANISATION: "organisations", "urn:interop:user": "users"}.get(system)
        if column is None:
            raise Problem("bad-parameter", where="agent", detail=f"urn:interop:user|... or {ODS_ORGANISATION}|... is wanted")
        wanted[column] = (*wanted.get(column, ()), value)


def bounds(prefix: str, low: int, high: int) -> tuple[int, int]:
    """The instants that a date with a prefix means, high exclusive; raises Problem ``bad-parameter`` for ``ne``."""
    match prefix:
        case "eq" | "ap":
            return low, high
        case "ge":
            return low, LATEST
        case "gt" | "sa":
            return high, LATEST
        case "le":
            return EARLIEST, high
        case "lt" | "eb":
            return EARLIEST, low
    raise Problem("bad-parameter", where="date", detail="ne is not taken here")
