"""Addresses of adapters' own protocols: the body is read here, within its limit; the adapter answers."""

from __future__ import annotations

from interop.api.asgi import Disconnected, Request, Response, TooLarge
from interop.api.problems import json_error, unforeseen
from interop.api.sending import check_name, check_sender, speaks_for
from interop.api.services import Services
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.ports import AckState, Adapter, Answers, Call, Caller, Feed


def base_of(services: Services, path: str) -> str:
    """The base that an address is under, '' for none."""
    return next((base for base in services.protocols if path == base or path.startswith(base + "/")), "")


async def protocol(services: Services, request: Request) -> Response:
    """Let the adapter answer, over the feed that is declared for it. Raises Disconnected where the body was cut off."""
    base = base_of(services, request.path)
    adapter = services.protocols[base]
    asker = request.asker
    feed = _feed(services, adapter, asker)
    if request.method == "POST":
        try:
            check_name(asker, feed.name)
            check_sender(asker, feed)
        except Problem as refusal:
            return await refused(services, request, refusal)
    problem: Problem | None = None
    body = b""
    try:
        if request.method == "POST":
            body = await request.body(services.message_limit)
    except TooLarge as large:
        body, problem = large.read, large
    except Disconnected as cut:
        if cut.read:
            await services.intake.refuse(feed.name, cut.read, Problem("truncated"))
        raise
    whose = speaks_for(asker)
    caller = Caller(asker.client, whose, feed.also) if whose else None
    call = Call(request.method, request.path[len(base) :], request.headers, body, problem, None, caller, services.clock.now())
    return await _answered(services, adapter, call, feed.name)


async def refused(services: Services, request: Request, refusal: Problem) -> Response:
    """Let the adapter say in its protocol that the other side is not let in; nothing of the body is read or kept."""
    base = base_of(services, request.path)
    adapter = services.protocols[base]
    call = Call(request.method, request.path[len(base) :], request.headers, b"", refusal=refusal)
    response = await _answered(services, adapter, call, adapter.name)
    response.headers += getattr(refusal, "headers", ())
    return response


async def _answered(services: Services, adapter: Adapter, call: Call, feed: str) -> Response:
    assert isinstance(adapter, Answers)
    try:
        reply = await adapter.answer(call, feed, services.intake)
    except Exception as error:
        return json_error(unforeseen(error))
    if reply.message:
        services.intake.acknowledged(reply.message, AckState.SENT)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    return Response(reply.status, reply.body, reply.media_type.encode("latin-1"), headers)


def _feed(services: Services, adapter: Adapter, asker: Asker) -> Feed:
    """The feed that is declared for the adapter: of several the one under which who asks may send, by name, then by organisation;
    one of the adapter's own name where there is none."""
    declared = [feed for feed in services.feeds.values() if feed.adapter == adapter.name]
    for wanted in (
        lambda feed: feed.name == asker.feed,
        lambda feed: feed.organisation and feed.organisation == asker.organisation,
        lambda feed: not feed.organisation,
    ):
        for feed in declared:
            if wanted(feed):
                return feed
    return declared[0] if declared else Feed(adapter.name, adapter.name)
