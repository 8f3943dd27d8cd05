"""``/health/live`` and ``/health/ready``."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from interop.api.asgi import JSON, Request, Response
from interop.api.problems import json_error, not_allowed
from interop.api.services import Services
from interop.errors import Problem
from interop.store.plan import Meta

STOPPING = b"stopping=404"
"""A query by which whoever balances tells a process that is about to stop from one that cannot be used: 404 instead of 503
(HAProxy, ``http-check disable-on-404``)."""


async def live(services: Services, request: Request) -> Response:
    """The process answers."""
    return _ok("live") if request.method in ("GET", "HEAD") else json_error(*not_allowed(("GET", "HEAD")))


async def ready(services: Services, request: Request) -> Response:
    """Messages are taken, the journal can be written and the record read; raises the Problem that is in the way."""
    if request.method not in ("GET", "HEAD"):
        return json_error(*not_allowed(("GET", "HEAD")))
    problem = services.ready()
    if problem is not None:
        if problem.reason.name == "stopping" and request.scope.get("query_string") == STOPPING:
            return _leaving(problem)
        raise problem
    await services.store.query(Meta("ready"))
    await services.journals()
    return _ok("ready", services.notes())


def _leaving(problem: Problem) -> Response:
    """Said so that nothing new comes and nothing that is under way is cut."""
    response = json_error(problem)
    response.status = 404
    return response


def _ok(status: str, notes: Mapping[str, str] = {}) -> Response:
    return Response(200, orjson.dumps({"status": status, **notes}), JSON)
