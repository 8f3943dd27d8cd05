"""``/health/live`` and ``/health/ready``."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from interop.api.asgi import JSON, Request, Response
from interop.api.problems import json_error, not_allowed
from interop.api.services import Services
from interop.store.plan import Meta


async def live(services: Services, request: Request) -> Response:
    """The process answers."""
    return _ok("live") if request.method in ("GET", "HEAD") else json_error(*not_allowed(("GET", "HEAD")))


async def ready(services: Services, request: Request) -> Response:
    """Messages are taken and the record can be read; raises the Problem that is in the way."""
    if request.method not in ("GET", "HEAD"):
        return json_error(*not_allowed(("GET", "HEAD")))
    problem = services.ready()
    if problem is not None:
        raise problem
    await services.store.query(Meta("ready"))
    return _ok("ready", services.notes())


def _ok(status: str, notes: Mapping[str, str] = {}) -> Response:
    return Response(200, orjson.dumps({"status": status, **notes}), JSON)
