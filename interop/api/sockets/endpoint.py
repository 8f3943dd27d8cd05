"""``/websocket``: what a client says there, and what it is answered.

| client | server |
|---|---|
| ``bind ID`` | ``bound ID``, then ``ping ID`` for each event (FHIR R4 Subscription); by topic a handshake and notifications |
| ``bind-with-token TOKEN``, or JSON with ``type`` and ``payload.token`` | the same for each Subscription of the token; without
``bound`` where a handshake says so (R5 Backport 1.1) |
| ``unbind ID`` | ``unbound ID`` |

What cannot be bound is answered with ``unbound ID``, and to a token with an OperationOutcome; who may not know of it is told what
they are told of what is not there.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import orjson

from interop.api.asgi import ACCOUNT, ASKER, Message, Receive, Request, Scope, Send
from interop.api.auditing.scope import WHY
from interop.api.problems import issue, json_error, outcome
from interop.api.services import Services
from interop.api.signon.limits import place_of
from interop.api.sockets.binding import Sockets
from interop.api.sockets.bindings import Socket
from interop.api.sockets.protocol import CONFIRMED, END
from interop.api.sockets.tokens import opened
from interop.errors import Problem
from interop.policy.asker import NOBODY, Asker

PART: Final = "websocket"
SOON: Final = 10.0
"""Seconds in which a socket has to be bound to something."""
QUIET: Final = 30.0
"""Seconds of silence after which a client is asked whether it is still there."""
PONG: Final = 30.0
"""Seconds in which it has to say so."""
LIFE: Final = 3_600.0
"""Seconds after which a client is sent away, to sign on again."""
MESSAGES: Final = 1_000
"""What a client may say on one socket."""
BIND, UNBIND, TOKEN = "bind ", "unbind ", "bind-with-token"


async def serve(
    services: Services, sockets: Sockets, scope: Scope, receive: Receive, send: Send, elsewhere: Problem | None = None
) -> None:
    """A socket from its request to its end; ``elsewhere``: why this process answers none."""
    scope["method"] = "GET"
    request = Request(scope, receive)
    await receive()  # that it is asked for
    try:
        if elsewhere is not None:
            raise elsewhere
        await _admitted(services, request)
        socket = _socket(scope, send, request)
        sockets.bindings.opened(socket)
    except Problem as problem:
        scope[WHY] = getattr(problem, "why", problem.reason.name)
        response = services.audit.answered(request, PART, json_error(problem))
        services.requests[PART, "GET", response.status] += 1
        await response.send(scope, _refusing(send))
        return
    services.requests[PART, "GET", 101] += 1
    try:
        await send({"type": "websocket.accept"})
        await _talk(services, sockets, request, socket, receive)
    except OSError:
        pass  # it is gone
    finally:
        socket.end(1000, "")
        await sockets.bindings.closed(socket)


async def _admitted(services: Services, request: Request) -> None:
    """Find out who asks: whoever has a token by the door, others nobody yet; the cookie of a browser counts nothing here, and no
    page of another site opens a socket. Raises Problem ``wrong-host``, ``forbidden`` and the door's."""
    if services.hosts is not None and request.head.host not in services.hosts:
        raise Problem("wrong-host")
    origin = request.header(b"origin")
    if origin and not _own(origin, request, services.base):
        raise Problem("forbidden")
    await services.up_to_date()
    signed = services.signon is None or request.head.token
    request.scope[ASKER] = await services.door.admit(request) if signed else NOBODY


def _own(origin: str, request: Request, base: str) -> bool:
    """Whether a page comes from here: scheme, name and port; behind a proxy the scheme is that of the base."""
    schemes = ("https",) if request.scope.get("scheme") == "wss" or base.startswith("https:") else ("http", "https")
    try:
        page, here = urlsplit(origin.lower()), urlsplit(f"//{(request.header(b'host') or '').lower()}")
        default = 443 if page.scheme == "https" else 80
        return page.scheme in schemes and (page.hostname, page.port or default) == (here.hostname, here.port or default)
    except ValueError:
        return False


def _socket(scope: Scope, send: Send, request: Request) -> Socket:
    async def say(text: str) -> None:
        try:
            await send({"type": "websocket.send", "text": text})
        except RuntimeError as ended:
            raise ConnectionResetError from ended

    return Socket(say, scope[CONFIRMED], scope[END], request.asker, place_of(request))


def _refusing(send: Send) -> Send:
    """Answers a request for a socket as one over HTTP (ASGI, websocket.http.response)."""

    async def told(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return told


async def _talk(services: Services, sockets: Sockets, request: Request, socket: Socket, receive: Receive) -> None:
    now = asyncio.get_running_loop().time()
    soon, ends = now + SOON, now + LIFE
    for _ in range(MESSAGES):
        message = await _heard(socket, receive, soon, ends)
        if message is None or message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if text is None:
            return socket.end(1003, "text is wanted")
        await _answer(services, sockets, request, socket, text.strip())
    socket.end(1008, "too much was said")


async def _heard(socket: Socket, receive: Receive, soon: float, ends: float) -> Message | None:
    """What the client says next; None where it is gone, has been there for long (``ends``), or is bound to nothing by ``soon``:
    both by the loop's time, whatever it says meanwhile."""
    clock = asyncio.get_running_loop().time
    while True:
        if clock() >= ends:
            socket.end(1012, "sign on again")
            return None
        until = min(clock() + QUIET, ends) if socket.bound else soon
        if clock() < until:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    return await receive()
        if not socket.bound:
            socket.end(1008, "nothing is bound")
            return None
        if clock() >= ends:
            continue
        try:
            async with asyncio.timeout(PONG):
                await socket.confirmed()
        except OSError:  # TimeoutError is one
            socket.end(1008, "no answer")
            return None


async def _answer(services: Services, sockets: Sockets, request: Request, socket: Socket, text: str) -> None:
    if text.startswith((TOKEN, "{")):
        return await _by_token(services, sockets, request, socket, text)
    if text.startswith(UNBIND):
        id_ = text[len(UNBIND) :].strip()
        if id_ in socket.bound:
            await sockets.bindings.dropped(id_)
        return None
    id_ = text[len(BIND) :].strip() if text.startswith(BIND) else ""
    try:
        if not id_ or request.asker == NOBODY:
            raise Problem("unauthenticated")
        await services.up_to_date()
        request.scope[ASKER] = await services.door.admit(request)  # the token may have ended since
        stored, author = await sockets.allowed(services, request, id_)
        await sockets.bind(services, stored, author, socket, request.asker, said=True)
    except Problem as problem:
        _refused(services, request, problem)
        await socket.answer(f"unbound {id_[:64]} {problem.reason.name}".replace("  ", " "))
    finally:
        request.scope.pop(ACCOUNT, None)
    return None


async def _by_token(services: Services, sockets: Sockets, request: Request, socket: Socket, text: str) -> None:
    try:
        await services.up_to_date()
        granted = opened(services.seal, _token(text), services.clock.now())
        if request.asker != NOBODY and (request.asker.client, request.asker.organisation) != granted[1:]:
            raise Problem("unauthenticated")
        sockets.bindings.shown(socket, granted.client)
        by = Asker(client=granted.client, organisation=granted.organisation)
        for id_ in granted.ids:
            stored, author = await sockets.granted(services, granted, id_)
            await sockets.bind(services, stored, author, socket, by, said=False)
    except Problem as problem:
        _refused(services, request, problem)
        await socket.answer(outcome([issue(problem)]).decode())


def _token(text: str) -> str:
    if not text.startswith("{"):
        return text[len(TOKEN) :].strip()
    try:
        said = orjson.loads(text)
        token = said["payload"]["token"] if said.get("type") == TOKEN else ""
    except (ValueError, KeyError, TypeError):
        token = ""
    return token if isinstance(token, str) else ""


def _refused(services: Services, request: Request, problem: Problem) -> None:
    """Write into the audit who was refused."""
    request.scope[WHY] = problem.reason.name
    try:
        services.audit.answered(request, PART, json_error(problem))
    finally:
        request.scope.pop(ACCOUNT, None)
        request.scope.pop(WHY, None)
