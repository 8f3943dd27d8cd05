"""Addresses of adapters' own protocols: the body is read here, within its limit; the adapter answers."""

from __future__ import annotations

from interop.api.asgi import Disconnected, Request, Response, TooLarge
from interop.api.problems import json_error, unforeseen
from interop.api.services import Services
from interop.errors import Problem
from interop.ports import AckState, Adapter, Answers, Call


def base_of(services: Services, path: str) -> str:
    """The base that an address is under, '' for none."""
    return next((base for base in services.protocols if path == base or path.startswith(base + "/")), "")


async def protocol(services: Services, request: Request) -> Response:
    """Let the adapter answer, over the feed that is declared for it. Raises Disconnected where the body was cut off."""
    base = base_of(services, request.path)
    adapter = services.protocols[base]
    feed = _feed(services, adapter)
    problem: Problem | None = None
    try:
        body = await request.body(services.message_limit)
    except TooLarge as large:
        body, problem = large.read, large
    except Disconnected as cut:
        if cut.read:
            await services.intake.refuse(feed, cut.read, Problem("truncated"))
        raise
    assert isinstance(adapter, Answers)
    try:
        reply = await adapter.answer(
            Call(request.method, request.path[len(base) :], request.headers, body, problem), feed, services.intake
        )
    except Exception as error:
        return json_error(unforeseen(error))
    if reply.message:
        services.intake.acknowledged(reply.message, AckState.SENT)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    return Response(reply.status, reply.body, reply.media_type.encode("latin-1"), headers)


def _feed(services: Services, adapter: Adapter) -> str:
    """The feed that is declared for the adapter; its own name where there is none."""
    return next((feed.name for feed in services.feeds.values() if feed.adapter == adapter.name), adapter.name)
