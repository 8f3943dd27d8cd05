"""``/messages/{id}``: what became of a message, without its content."""

from __future__ import annotations

from typing import Any

import orjson

from interop.api.asgi import JSON, Request, Response
from interop.api.parts import check, may
from interop.api.problems import json_error, not_allowed
from interop.api.sending import check_sender
from interop.api.services import Services
from interop.clock import instant
from interop.errors import Problem, reasons
from interop.policy.asker import Asker
from interop.store.plan import Message
from interop.store.values import Entry

PREFIX = "/messages/"


async def message(services: Services, request: Request) -> Response:
    """The state of one message as JSON, to who runs the engine and to who sent it; raises Problem ``not-found``, ``forbidden``."""
    if request.method not in ("GET", "HEAD"):
        return json_error(*not_allowed(("GET", "HEAD")))
    number = request.path[len(PREFIX) :]
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise Problem("not-found")
    own = "" if may(services, request, "messages") else request.asker.feed
    if not own:
        check(services, request, "messages")
    found: list[Entry] = await services.store.query(Message(int(number)))
    if not found or (own and not _sent(services, request.asker, found[0].feed)):
        raise Problem("not-found")
    return Response(200, orjson.dumps(describe(found[0])), JSON)


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
        "type": entry.type,
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
