"""Who looked: for the person (``Patient/[id]/$who-looked``), for the privacy officer (``$privacy-queue``, ``$privacy-outcome``)."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from interop.api.asgi import Response
from interop.api.fhir.audit_events import EARLIEST, LATEST, group, seen, told
from interop.api.operations.operation import Asked
from interop.api.services import Services
from interop.audit.actions import action_of
from interop.audit.events import event_id
from interop.audit.privacy import OUTCOMES, rules
from interop.audit.row import CHANGE, DENIAL, READ
from interop.audit.trail import Trail
from interop.clock import instant
from interop.errors import Problem
from interop.fhir.searching import interval
from interop.formats.json import load_json, write_json
from interop.ids.national import ODS_ORGANISATION
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Read
from interop.store.sqlite.audit_index import Item, Wanted
from interop.store.values import Stored

MOST: Final = 1000
ACTIONS: Final = {"C": "created", "R": "read", "U": "changed", "D": "deleted", "E": "searched"}


async def who_looked(asked: Asked) -> Response:
    """Parameters with a ``look`` for each answer that was about the person, newest first: when, which organisation, in what role,
    for what purpose, what of the record. Single members of staff are not named here: the organisation answers for them.

    Raises Problem ``forbidden``; ``not-found`` for anyone else's record."""
    services, request = asked.services, asked.request
    allowed = await seen(services, request, "search-type")
    patients = await group(services, asked.id)
    if allowed.patients is not None and not set(patients) <= set(allowed.patients):
        raise Problem("not-found")
    low, high = _edge(asked, "start", EARLIEST), _edge(asked, "end", LATEST)
    count = min(asked.inputs.number("_count") or 200, MOST)
    wanted = Wanted(patients=patients, kinds=(READ, CHANGE, DENIAL), low=low, high=high, page=count)
    found = await asyncio.to_thread(_trail(services).find, wanted)
    told(request, found[:count])
    names: dict[str, str] = {}
    looks = []
    for event, row in found[:count]:
        code = row.who.organisation
        if code and code not in names:
            names[code] = await _name(services, code)
        said = {
            "when": ("valueInstant", instant(row.time)),
            "organisation": ("valueString", names.get(code, "")),
            "role": ("valueCode", row.who.role),
            "purpose": ("valueCode", row.who.purpose),
            "action": ("valueString", ACTIONS[action_of(row)] if row.kind != DENIAL else "was refused"),
            "what": ("valueString", row.type or row.interaction),
            "event": ("valueId", event_id(event.chain, event.sequence, event.number)),
        }
        looks.append(_part("look", said))
    return _parameters([*looks, {"name": "more", "valueBoolean": len(found) > count}])


async def privacy_queue(asked: Asked) -> Response:
    """Parameters with an ``item`` for each thing that waits for the privacy officer, oldest first; with ``closed`` what has an
    outcome. Raises Problem ``forbidden``."""
    services = asked.services
    services.decide(asked.request, "$privacy-queue")
    trail = _trail(services)
    await asyncio.to_thread(trail.catch_up)
    count = min(asked.inputs.number("_count") or 100, MOST)
    found = trail.index.items(open=not asked.inputs.flag("closed"), rule=asked.inputs.text("rule"), count=count)
    asked.request.account.resources += len(found)
    for each in found:
        asked.request.account.patients.update((patient, None) for patient in each.patients.split())
    return _parameters([_item(each) for each in found])


async def privacy_outcome(asked: Asked) -> Response:
    """Write down what the privacy officer found of an item. Raises Problem ``forbidden``, ``not-found``, ``bad-parameter``."""
    services = asked.services
    services.decide(asked.request, "$privacy-outcome")
    outcome = asked.inputs.text("outcome")
    if outcome not in OUTCOMES:
        raise Problem("bad-parameter", where="outcome", detail=f"one of {', '.join(OUTCOMES)} is wanted")
    trail = _trail(services)
    await asyncio.to_thread(trail.catch_up)
    item = trail.index.item(asked.inputs.text("item"))
    if item is None:
        raise Problem("not-found")
    services.audit.judge(asked.request.asker, item.item, outcome)
    await asyncio.to_thread(trail.catch_up)
    now = trail.index.item(item.item)
    assert now is not None
    return _parameters([_item(now)])


def _trail(services: Services) -> Trail:
    if services.trail is None:
        raise Problem("not-found")
    return services.trail


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


def _item(item: Item) -> dict[str, Any]:
    why = next((each.why for each in rules() if each.rule == item.rule), "")
    said = {
        "item": ("valueString", item.item),
        "rule": ("valueCode", item.rule),
        "why": ("valueString", why),
        "when": ("valueInstant", instant(item.time)),
        "event": ("valueId", event_id(item.chain, item.sequence, 0)),
        "user": ("valueString", item.user),
        "role": ("valueCode", item.role),
        "organisation": ("valueString", item.organisation),
        "outcome": ("valueCode", item.outcome),
        "judged": ("valueInstant", instant(item.judged) if item.judged else ""),
        "judge": ("valueString", item.judge),
    }
    part = _part("item", said)
    part["part"] += [{"name": "patient", "valueReference": {"reference": f"Patient/{each}"}} for each in item.patients.split()]
    return part


def _part(name: str, said: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return {"name": name, "part": [{"name": each, kind: value} for each, (kind, value) in said.items() if value]}


def _parameters(parts: list[dict[str, Any]]) -> Response:
    return Response(200, write_json({"resourceType": "Parameters", "parameter": parts}))
