"""Transaction: the writes of a Bundle as one, then its reads, which see what was written (FHIR R4 http, 3.1.0.11.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from interop.api import links
from interop.api.asgi import Request, Response
from interop.api.fhir.bodies import patch_body
from interop.api.fhir.criteria import criteria_of, read, understanding
from interop.api.fhir.entries import Entry, answered, as_request, note_refusal, read_entry
from interop.api.fhir.permits import author_of, permit_of
from interop.api.fhir.routes import resource_types
from interop.api.fhir.write import answer, malformed_id
from interop.api.negotiation import if_match, prefer
from interop.api.problems import fhir_error
from interop.api.searching.references import ID
from interop.api.services import Services
from interop.apply.asked import CREATE, DELETE, PATCH, UPDATE, Asked, Criteria, Permit
from interop.apply.journalled import TURN
from interop.apply.placed import placed
from interop.errors import Problem

Route = Callable[[Services, Request], Awaitable[Response]]
INTERACTIONS: Final = {CREATE: "create", UPDATE: "update", PATCH: "patch", DELETE: "delete"}


async def transaction(services: Services, request: Request, said: Sequence[object], route: Route, prefix: str) -> list[bytes]:
    """The entries of the response. Raises Problem, with the place in the Bundle, where anything could not be written."""
    base = links.base(request, services.base)
    entries = [read_entry(entry, f"Bundle.entry[{place}]", base) for place, entry in enumerate(said)]
    asked: dict[int, Asked] = {}
    permits: dict[tuple[str, str], Permit | None] = {}
    for place, entry in enumerate(entries):
        if entry.writes:
            with placed(entry.place):
                asked[place] = await _asked(services, request, entry, prefix, permits)
    _named_once(entries)
    writes = list(asked.values())
    written = await services.writes.transaction(writes, understanding(services, request, "search-type")) if writes else []
    bare = not prefer(request.header(b"prefer")).answer
    answers: dict[int, bytes] = {}
    for (place, one), result in zip(asked.items(), written, strict=True):
        updated = result.stored.updated if result.stored is not None else 0
        answers[place] = answered(answer(services, request, one, result), base, wrote=True, bare=bare, updated=updated)
        if place % TURN == 0:
            await asyncio.sleep(0)
    for place, entry in enumerate(entries):
        if place not in answers:
            answers[place] = await _read(services, request, entry, route, base, prefix)
    return [answers[place] for place in range(len(entries))]


def _named_once(entries: Sequence[Entry]) -> None:
    """A full URL is that of one entry (Bundle, bdl-7); raises Problem ``bad-parameter``."""
    named: set[str] = set()
    for entry in entries:
        if entry.writes and entry.full_url:
            if entry.full_url in named:
                raise Problem("bad-parameter", where=f"{entry.place}.fullUrl", detail="another entry has it")
            named.add(entry.full_url)


async def _read(services: Services, request: Request, entry: Entry, route: Route, base: str, prefix: str) -> bytes:
    """What a read finds once all is written; a failure is its own, for nothing can be undone any more."""
    try:
        response = await route(services, as_request(request, entry, prefix))
    except Problem as problem:
        response = fhir_error(problem)
    note_refusal(request, response)
    return answered(response, base, wrote=False)


async def _asked(
    services: Services, request: Request, entry: Entry, prefix: str, permits: dict[tuple[str, str], Permit | None]
) -> Asked:
    """The write that an entry asks for; raises Problem ``bad-parameter``, ``unknown-type``, ``not-found``, ``forbidden`` and for a
    bad patch."""
    type_, _, id_ = entry.path.partition("/")
    if type_ not in resource_types():
        raise Problem("unknown-type")
    if id_ and not ID.fullmatch(id_):
        raise malformed_id(type_) if entry.method == UPDATE else Problem("not-found")
    if id_ and entry.method == CREATE:
        raise Problem("not-found")
    named = INTERACTIONS[entry.method], type_
    if named not in permits:
        permits[named] = permit_of(services, request, *named)
    resource = entry.resource if entry.method in (CREATE, UPDATE) else None
    if resource is not None and resource.get("resourceType") != type_:
        raise Problem("bad-parameter", where=f"{type_}.resourceType", detail="it is not of the type that the address names")
    absent = entry.conditions.get(b"if-none-match", "")
    if absent not in ("", "*"):
        raise Problem("bad-parameter", detail="ifNoneMatch of a write is * or nothing")
    change = await patch_body(services, as_request(request, entry, prefix)) if entry.method == PATCH else None
    return Asked(
        entry.method,
        type_,
        id_,
        _criteria(services, request, entry, type_, id_),
        resource,
        change=change,
        expected=if_match(entry.conditions.get(b"if-match")),
        absent=bool(absent),
        full_url=entry.full_url,
        place=entry.place,
        base=links.base(request, services.base),
        permit=permits[named],
        author=author_of(request),
    )


def _criteria(services: Services, request: Request, entry: Entry, type: str, id: str) -> Criteria | None:
    interaction = INTERACTIONS[entry.method]
    if entry.method == CREATE:
        said = entry.conditions.get(b"if-none-exist")
        return criteria_of(services, request, interaction, type, read(type, said)) if said is not None else None
    return None if id else criteria_of(services, request, interaction, type, read("", entry.query))
