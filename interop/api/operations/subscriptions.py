"""``$status``, ``$events`` and ``$get-ws-binding-token`` of Subscriptions (Subscriptions R5 Backport 1.1)."""

from __future__ import annotations

from typing import Any, Final

from interop.api import links
from interop.api.asgi import Response, Unkept
from interop.api.delivering.meaning import CONTENT
from interop.api.delivering.notifications import (
    CONTENTS,
    FULL,
    QUERIED_EVENT,
    QUERIED_STATUS,
    TYPE,
    Event,
    Standing,
    notification,
    standing,
)
from interop.api.delivering.notifications import status as told
from interop.api.delivering.subscriptions import name_of
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, as_parameters, resource
from interop.api.sockets.bindings import OF_ONE
from interop.api.sockets.protocol import ADDRESS
from interop.api.sockets.tokens import granted
from interop.clock import instant
from interop.errors import Problem
from interop.formats.json import load_json
from interop.store.plan import Deliveries, LastNumber, Read, ReadVersion, Search
from interop.store.values import Delivery, Stored

MOST: Final = 100
"""Events, and Subscriptions, of one answer."""
LAST: Final = 1 << 62


async def status(asked: Asked) -> Response:
    """A searchset of a status each. Raises Problem ``not-found`` for the one that is named and cannot be read."""
    wanted = set(asked.inputs.every("status"))
    base = links.base(asked.request, asked.services.base)
    entries = []
    for stored in await _meant(asked):
        one = await _standing(asked, stored)
        if not wanted or one.status in wanted:
            said = told(one, QUERIED_STATUS, base)
            address = f"{base}/{TYPE}/{stored.id}/$status"
            entries.append({"fullUrl": address, "resource": said, "search": {"mode": "match"}})
    made: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return resource({**made, "entry": entries} if entries else made)


async def events(asked: Asked) -> Response:
    """A notification of the type ``query-event``. Raises Problem ``not-found``, ``bad-parameter``."""
    services, request = asked.services, asked.request
    (stored,) = await _meant(asked)
    one = await _standing(asked, stored)
    low, high = _number(asked, "eventsSinceNumber", 1), _number(asked, "eventsUntilNumber", LAST)
    content = asked.inputs.text("content") or _content(load_json(stored.body, values=None))
    if content not in CONTENTS:
        raise BadInput("content", "", f"it is one of {', '.join(CONTENTS)}")
    rows: list[Delivery] = await services.store.query(Deliveries(name_of(stored.id), count=MOST, numbers=(max(low, 1), high)))
    found = []
    for row in rows:
        event = Event(row.number, row.made, version=row.version, event=row.event)
        decision = services.decide(request, "vread", row.type, row.resource)
        seen: list[Stored] = await services.store.query(ReadVersion(decision, row.type, row.resource, row.version))
        found.append(event._replace(focus=f"{row.type}/{row.resource}", body=seen[0].body) if seen else event)
    base, now = links.base(request, services.base), services.clock.now()
    return Response(200, notification(f"{stored.id}-{now}", one, QUERIED_EVENT, base, now, found, content))


async def token(asked: Asked) -> Response:
    """Raises Problem ``forbidden``, ``not-found`` for a Subscription that is not one's own, ``bad-value`` for one that is not by
    websocket or not active."""
    services, request = asked.services, asked.request
    services.decide(request, "search-type", TYPE)
    if services.sockets is None:
        raise Problem("not-found")
    ids = [asked.id] if asked.id else list(dict.fromkeys(asked.inputs.every("id")))
    if not ids or len(ids) > OF_ONE:
        raise BadInput("id", "", f"name one to {OF_ONE} Subscriptions")
    for id_ in ids:
        stored, _ = await services.sockets.allowed(services, request, id_)
        services.sockets.asked(stored)
    made, until = granted(services.seal, ids, request.asker, services.clock.now())
    root = links.root(request, services.base)
    said = [("token", "valueString", made), ("expiration", "valueDateTime", instant(until))]
    said += [("subscription", "valueString", id_) for id_ in ids]
    said.append(("websocket-url", "valueUrl", f"ws{root.removeprefix('http')}{ADDRESS}"))
    return Unkept(200, resource(as_parameters(*said)).body)


async def _meant(asked: Asked) -> list[Stored]:
    """The Subscriptions that are asked about, of those that may be read. Raises Problem ``not-found`` where that of the address is
    not there."""
    services, request = asked.services, asked.request
    if asked.id:
        decision = services.decide(request, "read", TYPE, asked.id)
        found: list[Stored] = await services.store.query(Read(decision, TYPE, asked.id))
        if not found or found[0].deleted:
            raise Problem("not-found")
        return found
    decision = services.decide(request, "search-type", TYPE)
    ids = list(dict.fromkeys(asked.inputs.every("id")))
    if len(ids) > MOST:
        raise BadInput("id", "", f"at most {MOST}")
    if not ids:
        every: list[Stored] = await services.store.query(Search(decision, TYPE, count=MOST))
        return every[:MOST]
    each = [await services.store.query(Read(decision, TYPE, id_)) for id_ in ids]
    return [one[0] for one in each if one and not one[0].deleted]


async def _standing(asked: Asked, stored: Stored) -> Standing:
    last: list[int] = await asked.services.store.query(LastNumber(name_of(stored.id)))
    return standing(stored.id, load_json(stored.body, values=None), last[0])


def _content(said: dict[str, Any]) -> str:
    extensions = said.get("channel", {}).get("_payload", {}).get("extension", [])
    return next((str(each.get("valueCode")) for each in extensions if each.get("url") == CONTENT), FULL)


def _number(asked: Asked, name: str, usual: int) -> int:
    text = asked.inputs.text(name)
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadInput(name, "", "a number is wanted")
    return int(text)
