"""``POST /ingest/{feed}``: a message by HTTP. 202 once it is on disk; with ``?wait=applied`` 200 once it is in the record. A query
of the adapter's protocol gets 200 and its answer. With ``?source=`` there is no message: whoever pulls the source tells how it is.
Who may not send under the feed is told so before the body is read."""

from __future__ import annotations

from asyncio import CancelledError, Future

import orjson

from interop.api.asgi import JSON, Disconnected, Header, Request, Response, TooLarge
from interop.api.feed_health import tell
from interop.api.problems import fhir_error, not_allowed, unforeseen
from interop.api.sending import check_name, check_sender, speaks_for
from interop.api.services import Services
from interop.errors import Problem
from interop.ports import AckState, Feed, MessageState, Receipt, Wait

PREFIX = "/ingest/"
HEAD = 4096
"""So much of a body an adapter sees that is asked whether it recognises it."""


async def ingest(services: Services, request: Request) -> Response:
    """Journal the body; failures are an OperationOutcome. Raises Disconnected where the body was cut off."""
    try:
        if request.method == "OPTIONS":
            return Response(204, headers=[(b"allow", b"POST, OPTIONS")])
        if request.method != "POST":
            return fhir_error(*not_allowed(("POST", "OPTIONS")))
        name = request.path[len(PREFIX) :]
        check_name(request.asker, name)
        feed = services.feeds.get(name)
        if feed is None:
            raise Problem("wrong-feed")
        check_sender(request.asker, feed)
        state = dict(request.query).get("source")
        if state is not None:
            await tell(services, feed.name, state)
            return Response(204)
        wait = _wait(request)
    except Problem as problem:
        return fhir_error(problem)
    return await _take(services, request, feed, wait)


async def _take(services: Services, request: Request, feed: Feed, wait: Wait) -> Response:
    try:
        body = await request.body(services.message_limit)
    except TooLarge as problem:
        taken = services.intake.refuse(feed.name, problem.read, problem)
    except Disconnected as cut:
        if cut.read:
            await services.intake.refuse(feed.name, cut.read, Problem("truncated"))
        raise
    else:
        adapter = feed.adapter or _recognised(services, body[:HEAD])
        asker = services.askers.get(adapter)
        if asker is not None and services.record is not None and asker.asks(body):
            answer = await asker.answer_from(services.record, body, _asks_for(services, request, feed))
            return Response(200, answer, services.adapters[adapter].media_types[0].encode("ascii"))
        if adapter:
            whose = speaks_for(request.asker)
            taken = services.intake.receive(feed.name, body, adapter=adapter, wait=wait, organisation=whose)
        else:
            taken = services.intake.refuse(feed.name, body, Problem("unknown-format"))
    return _answer(services, await _settle(taken))


def _asks_for(services: Services, request: Request, feed: Feed) -> str:
    """The organisation for which a query is answered; '' where who sends it may not read people's records by the API either."""
    try:
        if not request.asker.patient and services.decide(request, "search-type", "Patient"):
            return feed.organisation or speaks_for(request.asker)
    except Problem:
        pass
    return ""


async def _settle(taken: Future[Receipt]) -> Receipt:
    try:
        return await taken
    except CancelledError:
        if taken.cancelled():
            return Receipt(0, MessageState.FAILED, Problem("stopping"))
        raise
    except Problem as problem:
        return Receipt(0, MessageState.FAILED, problem)
    except Exception as error:
        return Receipt(0, MessageState.FAILED, unforeseen(error))


def _answer(services: Services, receipt: Receipt) -> Response:
    message = receipt.message or receipt.repeats
    headers: list[Header] = [(b"location", b"/messages/%d" % message)] if message else []
    if receipt.message:
        services.intake.acknowledged(receipt.message, AckState.SENT)
    problem = receipt.problem
    if problem is None and receipt.state in (MessageState.REFUSED, MessageState.FAILED):
        problem = Problem("fault")
    if problem is not None and receipt.state in (
        MessageState.REFUSED,
        MessageState.FAILED,
        MessageState.SHELVED,
        MessageState.HELD,
    ):
        return fhir_error(problem, headers)
    said: dict[str, int | str] = {"message": message, "state": receipt.state.value}
    if receipt.repeats:
        said["repeats"] = receipt.repeats
    return Response(200 if receipt.state == MessageState.APPLIED else 202, orjson.dumps(said), JSON, headers)


def _wait(request: Request) -> Wait:
    wanted = dict(request.query).get("wait", Wait.JOURNALLED)
    if wanted not in (Wait.JOURNALLED, Wait.APPLIED):
        raise Problem("bad-parameter", where="wait", detail="applied or journalled is wanted")
    return Wait(wanted)


def _recognised(services: Services, head: bytes) -> str:
    return next((name for name, adapter in services.adapters.items() if adapter.recognises(head)), "")
