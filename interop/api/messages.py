"""``/messages/``: what became of messages; of each field of one; and what it says, for who states a reason.

| request | gives | to |
|---|---|---|
| GET ``/messages/`` | messages, newest first (``browsing.listing``) | who runs the engine |
| GET ``/messages/shelf`` | what the record lacks, by feed and reason | who runs the engine |
| GET ``/messages/{id}`` | the state of one | also to who sent it |
| GET ``/messages/{id}/history`` | what happened to it, and its acknowledgement | also to who sent it |
| GET ``/messages/{id}/lineage`` | fields, rows, elements and losses without a value | also to who sent it |
| POST ``/messages/{id}/lineage`` | the same with values, for a reason | who may ``$message-content`` |
| POST ``/messages/{id}/content`` | the message as it came, for a reason | who may ``$message-content`` |
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from interop.api.asgi import JSON, Request, Response
from interop.api.auditing.scope import DOING
from interop.api.browsing import content, history, listing
from interop.api.parts import check, may
from interop.api.problems import json_error, not_allowed
from interop.api.sending import check_sender
from interop.api.services import Services
from interop.apply.journalled import ADAPTERS
from interop.apply.lineages import look
from interop.clock import instant
from interop.errors import Problem, reasons
from interop.formats.json import write_json
from interop.policy.asker import Asker
from interop.store.plan import Message
from interop.store.values import Entry

PREFIX = "/messages/"
READS: Final = ("GET", "HEAD")
METHODS: Final = {"": READS, "history": READS, "lineage": (*READS, "POST"), "content": ("POST",)}
"""What is below a message, and how it is asked for."""
SHELF: Final = "shelf"
RAW: Final = b"application/octet-stream"
_WRITTEN: Final = re.compile(r"/[^/]*$")


async def message(services: Services, request: Request) -> Response:
    """Raises Problem ``not-found``, ``forbidden``, ``bad-parameter``, ``gone``, ``purged``."""
    number, slash, view = request.path[len(PREFIX) :].partition("/")
    if not slash and number in ("", SHELF):
        if request.method not in READS:
            return json_error(*not_allowed(READS))
        check(services, request, "messages")
        if number:
            return _json(await listing.shelf(services))
        return _json(listing.told(await listing.listed(services, request), describe))
    if (slash and not view) or view not in METHODS:
        raise Problem("not-found")
    if request.method not in METHODS[view]:
        return json_error(*not_allowed(METHODS[view]))
    if request.method == "POST":
        return await _opened(services, request, number, view)
    own = "" if may(services, request, "messages") else request.asker.feed
    if not own:
        check(services, request, "messages")
    entry = await _entry(services, number)
    if own and not _sent(services, request.asker, entry.feed):
        raise Problem("not-found")
    match view:
        case "history":
            return _json(await history.history(services, entry))
        case "lineage":
            looked = await look(services.store, entry, services.feeds, services.mint)
            said = content.told(entry, looked, masked=True)
            if own:  # whom others keep hidden is not for a sender to learn
                del said["withheld"]
            return Response(200, write_json(said), JSON)
    return _json(describe(entry))


async def _opened(services: Services, request: Request, number: str, view: str) -> Response:
    """What a message says."""
    request.scope[DOING] = content.NAME
    check(services, request, "messages/content")
    why = await content.reason(request)
    entry = await _entry(services, number)
    looked = await content.opened(services, request, entry, why)
    if view == "content":
        return Response(200, entry.body, RAW) if entry.body else Response(204)
    return Response(200, write_json(content.told(entry, looked, masked=False)), JSON)


async def _entry(services: Services, number: str) -> Entry:
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise Problem("not-found")
    found: list[Entry] = await services.store.query(Message(int(number)))
    if not found:
        raise Problem("not-found")
    return found[0]


def _json(said: dict[str, Any]) -> Response:
    return Response(200, orjson.dumps(said), JSON)


def _sent(services: Services, asker: Asker, name: str) -> bool:
    """Whether who asks may have sent under the feed of a message: whoever may send under any is of one organisation."""
    feed = services.feeds.get(name)
    if feed is None:
        return asker.feed == name
    try:
        check_sender(asker, feed)
    except Problem:
        return False
    return True


def describe(entry: Entry) -> dict[str, Any]:
    """An entry as it may be shown to anyone who runs the engine: nothing of it is about a person."""
    said: dict[str, Any] = {
        "message": entry.message,
        "feed": entry.feed,
        "adapter": entry.adapter,
        "type": entry.type if entry.adapter not in ADAPTERS else _WRITTEN.sub("", entry.type),
        "controlId": entry.control_id,
        "received": instant(entry.received),
        "size": entry.size,
        "state": entry.state,
        "ack": entry.ack,
    }
    if entry.finished:
        said["finished"] = instant(entry.finished)
        said["carried"] = entry.carried
        said["lost"] = entry.lost
        if entry.retracted:
            said["retracted"] = entry.retracted
    if entry.repeats:
        said["repeats"] = entry.repeats
    if entry.reason:
        known = reasons().get(entry.reason)
        said["reason"] = entry.reason
        if known is not None:
            said |= {"category": known.category.value, "sentence": known.sentence, "action": known.action}
        said |= {name: value for name, value in (("detail", entry.detail), ("where", entry.where)) if value}
    return said
