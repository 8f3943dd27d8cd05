"""``/deliveries/``: the queues of destinations, for who runs the engine; nothing of what they hold.

| request | does |
|---|---|
| GET ``/deliveries/`` | a line for each destination |
| GET ``/deliveries/NAME?state=&acknowledgement=&after=&count=`` | its deliveries, oldest first |
| POST ``/deliveries/NAME/pause``, ``resume`` | sends nothing more there, or goes on |
| POST ``/deliveries/NAME/resend?delivery=N`` | tries what is on the shelf again, all of it or one |
"""

from __future__ import annotations

from typing import Final

import orjson

from interop.api.asgi import JSON, Request, Response, parameters
from interop.api.delivering.deliverer import Deliverer, describe
from interop.api.parts import check
from interop.api.problems import json_error, not_allowed
from interop.api.services import Services
from interop.errors import Problem
from interop.store.plan import Deliveries
from interop.store.values import (
    ACKNOWLEDGED,
    AWAITED,
    DENIED,
    DROPPED,
    MISSING,
    PASSED,
    PENDING,
    SENT,
    SHELVED,
    WITHHELD,
    Delivery,
)

PREFIX: Final = "/deliveries/"
STATES: Final = (PENDING, SENT, SHELVED, WITHHELD, DROPPED)
ACKNOWLEDGEMENTS: Final = (AWAITED, PASSED, ACKNOWLEDGED, DENIED, MISSING)
MOST: Final = 1_000
"""Deliveries of one answer."""


async def answer(services: Services, request: Request) -> Response:
    """Raises Problem ``forbidden``, ``not-found``, ``bad-parameter``."""
    check(services, request, "deliveries")
    deliverer = services.deliverer
    name, _, action = request.path[len(PREFIX) :].partition("/")
    methods = ("POST",) if action else ("GET", "HEAD")
    if action not in ("", "pause", "resume", "resend") or deliverer is None:
        raise Problem("not-found")
    if request.method not in methods:
        return json_error(*not_allowed(methods))
    if action:
        return await _do(deliverer, name, action, request)
    if not name:
        return _json({"destinations": await deliverer.described()})
    asked = _asked(request)
    state = asked.get("state", "")
    if state and state not in STATES:
        raise Problem("bad-parameter", where="state", detail=", ".join(STATES))
    said = asked.get("acknowledgement", "")
    if said and said not in ACKNOWLEDGEMENTS:
        raise Problem("bad-parameter", where="acknowledgement", detail=", ".join(ACKNOWLEDGEMENTS))
    if name not in {each.destination for each in await deliverer.queues()}:
        raise Problem("not-found", where="destination")
    after, count = _number(asked, "after"), min(_number(asked, "count") or 50, MOST)
    found: list[Delivery] = await services.store.query(Deliveries(name, state, after, count, ack=said))
    worker = deliverer.workers.get(name)
    return _json({"deliveries": [describe(each, worker.days if worker is not None else 0) for each in found]})


async def _do(deliverer: Deliverer, name: str, action: str, request: Request) -> Response:
    if action == "resend":
        return _json({"destination": name, "resent": await deliverer.resend(name, _number(_asked(request), "delivery"))})
    await deliverer.pause(name, action == "pause")
    return _json({"destination": name, "paused": action == "pause"})


def _asked(request: Request) -> dict[str, str]:
    return dict(parameters(request.scope.get("query_string", b"")))


def _number(asked: dict[str, str], name: str) -> int:
    text = asked.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Problem("bad-parameter", where=name, detail="a number is wanted")
    return int(text)


def _json(said: dict[str, object]) -> Response:
    return Response(200, orjson.dumps(said), JSON)
