"""Notifications of Subscriptions by topic (Subscriptions R5 Backport 1.1, R4): a Bundle of the type history, whose first entry is
the status of the Subscription as Parameters; events, heartbeats and handshakes, and what ``$status`` and ``$events`` answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from interop.clock import instant
from interop.notify.routes import CREATED, DELETED, UPDATED

EVENT, BEAT, SHAKE = "event-notification", "heartbeat", "handshake"
QUERIED_STATUS, QUERIED_EVENT = "query-status", "query-event"
EMPTY, ID_ONLY, FULL = "empty", "id-only", "full-resource"
CONTENTS: Final = (EMPTY, ID_ONLY, FULL)
"""How much a notification tells."""
TYPE: Final = "Subscription"
BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
STATUS: Final = BACKPORT + "backport-subscription-status-r4"
BUNDLE: Final = BACKPORT + "backport-subscription-notification-r4"
NOWHERE: Final = "urn:interop"
"""The base of addresses of an engine that is not told its own."""
_REQUESTS: Final[Mapping[str, tuple[str, str]]] = {
    CREATED: ("PUT", "201"),
    UPDATED: ("PUT", "200"),
    DELETED: ("DELETE", "204"),
}
"""Event -> the method and status by which a history tells of it (FHIR R4 http, 3.1.0.11)."""


class Standing(NamedTuple):
    """A Subscription as notifications tell it: its id, ``topic`` (URL, '' for none), status, the number of its last event, and why
    it is in error."""

    id: str
    topic: str
    status: str
    last: int
    error: str = ""


class Event(NamedTuple):
    """An event; ``made`` in microseconds. ``focus`` is ``Type/id``, '' where nothing of it may be told; ``body`` is the version."""

    number: int
    made: int
    focus: str = ""
    version: int = 0
    event: str = UPDATED
    body: bytes = b""


def standing(id: str, resource: Mapping[str, Any], last: int) -> Standing:
    """How a Subscription stands that is this resource."""
    topic = str(resource.get("criteria", ""))
    named = topic if "?" not in topic and ":" in topic else ""
    return Standing(id, named, str(resource.get("status", "")), last, str(resource.get("error", "")))


def status(one: Standing, kind: str, base: str, events: Sequence[Event] = (), content: str = FULL) -> dict[str, Any]:
    """The status as Parameters. Without content neither topic nor focus is told: they say what happened."""
    said: list[dict[str, Any]] = [{"name": "subscription", "valueReference": {"reference": _reference(base, f"{TYPE}/{one.id}")}}]
    if one.topic and content != EMPTY:
        said.append({"name": "topic", "valueCanonical": one.topic})
    said += [{"name": "status", "valueCode": one.status}, {"name": "type", "valueCode": kind}]
    said.append({"name": "events-since-subscription-start", "valueString": str(one.last)})
    for each in events:
        parts: list[dict[str, Any]] = [{"name": "event-number", "valueString": str(each.number)}]
        parts.append({"name": "timestamp", "valueInstant": instant(each.made)})
        if each.focus and content != EMPTY:
            parts.append({"name": "focus", "valueReference": {"reference": _reference(base, each.focus)}})
        said.append({"name": "notification-event", "part": parts})
    if one.error:
        said.append({"name": "error", "valueCodeableConcept": {"text": one.error}})
    return {"resourceType": "Parameters", "meta": {"profile": [STATUS]}, "parameter": said}


def notification(
    id: str, one: Standing, kind: str, base: str, made: int, events: Sequence[Event] = (), content: str = FULL
) -> bytes:
    """The Bundle as JSON. ``id`` names it, the same for the same; ``made`` in microseconds; ``base`` is the service base."""
    first = {
        "fullUrl": f"urn:uuid:{UUID(bytes=hashlib.blake2b(id.encode(), digest_size=16).digest())}",
        "resource": status(one, kind, base, events, content),
        "request": {"method": "GET", "url": f"{base}/{TYPE}/{one.id}/$status"},
        "response": {"status": "200"},
    }
    entries = [orjson.dumps(first)]
    entries += [_entry(each, base, content) for each in events if each.focus and content != EMPTY]
    said = orjson.dumps({"resourceType": "Bundle", "id": id, "meta": {"profile": [BUNDLE]}, "type": "history"})
    return b'%b,"timestamp":%b,"entry":[%b]}' % (said[:-1], orjson.dumps(instant(made)), b",".join(entries))


def _reference(base: str, to: str) -> str:
    return to if base == NOWHERE else f"{base}/{to}"


def _entry(each: Event, base: str, content: str) -> bytes:
    method, code = _REQUESTS[each.event]
    said = b'{"fullUrl":%b' % orjson.dumps(f"{base}/{each.focus}")
    if content == FULL and each.body:
        said += b',"resource":' + each.body
    request = {"method": method, "url": f"{base}/{each.focus}"}
    response = {"status": code, "etag": f'W/"{each.version}"'}
    return said + b',"request":%b,"response":%b}' % (orjson.dumps(request), orjson.dumps(response))
