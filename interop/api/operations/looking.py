"""``Patient/[id]/$who-looked``: for the person, for whoever acts for the person, and for the privacy officer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from interop.api.asgi import Response
from interop.api.fhir.audit_events import AUDIT_EVENT, EARLIEST, LATEST, group, seen, told
from interop.api.operations.audit import MOST, parameters, part, trail_of
from interop.api.operations.operation import Asked
from interop.api.services import Services
from interop.audit.events import event_id
from interop.audit.privacy import BREAK_GLASS, SELF_CLAIMED
from interop.audit.row import CHANGE, DENIAL, READ, Row
from interop.audit.words import done, sentence, words
from interop.clock import instant
from interop.errors import Problem
from interop.fhir.searching import interval
from interop.fhir.shapes import dicts
from interop.formats.json import load_json
from interop.ids.national import ODS_ORGANISATION
from interop.policy import grants
from interop.policy.decide import Question, permitted
from interop.policy.grants import coded
from interop.policy.relationships import CATEGORY
from interop.policy.tables import tables
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Access, Read
from interop.store.sqlite.audit_index import Wanted
from interop.store.values import Stored

PROXY: Final = "proxy"
"""The relationship of a role that acts for people."""


class Declared(NamedTuple):
    """A declaration by which its author sees a record: ``kind`` break-glass or self-claimed, in force low <= time < high."""

    kind: str
    code: str
    low: int
    high: int


async def who_looked(asked: Asked) -> Response:
    """Parameters with a ``look`` for each answer that was about the person, newest first: when, which organisation, in what role,
    for what purpose, under what declaration, what of the record, and all of it in words; how many there are in all, and whether
    there are more after these. With ``others`` without those of whoever asks, with ``skip`` after so many. Single members of staff
    are not named here: the organisation answers for them.

    Raises Problem ``forbidden``; ``not-found`` for a record that is neither the asker's own nor one of whom they act for."""
    services, request = asked.services, asked.request
    patients = await _about(asked)
    low, high = _edge(asked, "start", EARLIEST), _edge(asked, "end", LATEST)
    count = min(asked.inputs.number("_count") or 200, MOST)
    mine = request.asker.user if asked.inputs.flag("others") else ""
    skip = max(asked.inputs.number("skip") or 0, 0)
    wanted = Wanted(patients, kinds=(READ, CHANGE, DENIAL), low=low, high=high, page=count, without=mine, skip=skip, once=True)
    trail = trail_of(services)
    found = await trail.aside(trail.find, wanted)
    total = await trail.aside(trail.index.count, wanted)
    told(request, found[:count])
    declared = await _declared(services, asked.id)
    names: dict[str, str] = {"": ""}
    looks = []
    for event, row in found[:count]:
        code = row.who.organisation
        if code not in names:
            names[code] = await _name(services, code)
        id_ = event_id(event.chain, event.sequence, event.number)
        looks.append(part("look", _look(row, id_, names[code], _under(row, declared))))
    said = [{"name": "total", "valueInteger": total}, {"name": "more", "valueBoolean": len(found) > count}]
    return parameters([*looks, *said])


async def _about(asked: Asked) -> tuple[str, ...]:
    """The Patients of the person, as the audit names them, where who asks may know who looked at them."""
    services, request, asker = asked.services, asked.request, asked.request.asker
    decision = services.decide(request, "$who-looked", "Patient", asked.id)
    if tables().roles[asker.role].relationship == PROXY:
        said = services.narrowed(asker.scopes) if asker.scopes else ()
        if not permitted(Question("$who-looked", AUDIT_EVENT, asked.id, asker, said)):
            raise Problem("forbidden")
        found: list[Stored] = await services.store.query(Read(decision, "Patient", asked.id))
        if not found or found[0].deleted:
            raise Problem("not-found")
        return await group(services, asked.id)
    allowed = await seen(services, request, "search-type")
    patients = await group(services, asked.id)
    if allowed.patients is not None and not set(patients) <= set(allowed.patients):
        raise Problem("not-found")
    return patients


async def _declared(services: Services, patient: str) -> list[Declared]:
    """What users have ever declared about the person, as far as it stands in the record."""
    rows = await services.store.query(Access((patient,), (grants.BREAK_GLASS, grants.CARE)))
    found = []
    for _, parameter, code, low, high, type_, id_ in rows:
        if parameter == grants.BREAK_GLASS:
            found.append(Declared(BREAK_GLASS, code, low, high))
        elif code.startswith("user:") and type_ == "CareTeam" and await _claimed(services, id_):
            found.append(Declared(SELF_CLAIMED, code, low, high))
    return found


async def _claimed(services: Services, id: str) -> bool:
    found: list[Stored] = await services.store.query(Read(PERMIT_ALL, "CareTeam", id))
    team = load_json(found[0].body, values=None) if found and not found[0].deleted else {}
    return any(coded(each, CATEGORY, SELF_CLAIMED) for each in dicts(team, "category"))


def _under(row: Row, declared: Iterable[Declared]) -> tuple[str, ...]:
    """The declarations of whoever looked that were in force in the second of the look."""
    if row.kind != READ or not row.who.user:
        return ()
    code, second = f"user:{row.who.user}", row.time - row.time % 1_000_000
    kinds = {each.kind for each in declared if each.code == code and each.low <= second < each.high}
    return tuple(kind for kind in (BREAK_GLASS, SELF_CLAIMED) if kind in kinds)


def _look(row: Row, id: str, organisation: str, under: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    return {
        "when": ("valueInstant", str(row.more.get("offline") or instant(row.time))),
        "words": ("valueString", sentence(row, organisation, under)),
        "organisation": ("valueString", organisation),
        "role": ("valueCode", row.who.role),
        "purpose": ("valueCode", row.who.purpose),
        "declared": ("valueCode", under[0] if under else ""),
        "action": ("valueString", words()["action", done(row)]),
        "what": ("valueString", _what(row)),
        "event": ("valueId", id),
    }


def _what(row: Row) -> str:
    operation = str(row.more.get("operation", "")) or row.interaction
    return operation if operation.startswith("$") else row.type or row.interaction


def _edge(asked: Asked, name: str, otherwise: int) -> int:
    said = interval(asked.inputs.text(name)) if name in asked.inputs else None
    return otherwise if said is None else said[0] if name == "start" else said[1]


async def _name(services: Services, code: str) -> str:
    """What the record calls an organisation; its code where it does not know it."""
    id_ = services.mint.id("Organization", ODS_ORGANISATION, code)
    found: list[Stored] = await services.store.query(Read(PERMIT_ALL, "Organization", id_))
    if found and not found[0].deleted:
        return str(load_json(found[0].body, values=None).get("name", code))
    return code
