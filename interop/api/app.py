"""The HTTP application: hot addresses on plain ASGI, the pages behind them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter

from interop.api import deliveries, feeds, health, ingest, messages, metrics, protocols, table_versions
from interop.api.asgi import ASKER, Asgi, Disconnected, Receive, Request, Response, Scope, Send
from interop.api.auditing.scope import WHY
from interop.api.crew import schema
from interop.api.exporting import serving
from interop.api.fhir import router
from interop.api.guarding import guarded
from interop.api.inside import INSIDE
from interop.api.openapi import openapi
from interop.api.parts import SCRAPER, public_addresses, scrapes
from interop.api.problems import fhir_error, json_error, unforeseen
from interop.api.roles import ALL, answering
from interop.api.services import Services
from interop.api.signon import endpoints, people
from interop.api.sockets import endpoint
from interop.errors import Problem, reasons

Handler = Callable[[Services, Request], Awaitable[Response]]
Route = tuple[str, Handler]
_FHIR: Route = ("fhir", router.answer)
TAKING: frozenset[object] = frozenset((ingest.ingest, protocols.protocol))
"""Where messages are taken in."""
ROLE = "it is a process with the role {} that does"
EXACT: dict[str, Handler] = {
    "/health/live": health.live,
    "/health/ready": health.ready,
    "/metrics": metrics.metrics,
    "/openapi.json": openapi,
    schema.ADDRESS: schema.answer,
    endpoints.WELL_KNOWN: endpoints.answer,
    endpoints.OPENID: endpoints.answer,
    endpoints.PROTECTED: endpoints.answer,
}
PREFIXES: dict[str, Route] = {
    ingest.PREFIX: ("ingest", ingest.ingest),
    messages.PREFIX: ("messages", messages.message),
    deliveries.PREFIX: ("deliveries", deliveries.answer),
    feeds.PREFIX: ("feeds", feeds.answer),
    table_versions.PREFIX: ("tables", table_versions.answer),
    serving.PREFIX: ("exports", serving.export),
    endpoints.PREFIX: ("signon", endpoints.answer),
    people.PREFIX: ("auth", people.answer),
}
"""Addresses outside /fhir: the exact ones, and the beginnings of the others with the part of the API that each is."""
UNASKED = frozenset(("health/live", "health/ready", "metrics", "openapi.json", "crew-card.schema.json"))
"""Parts whose answers do not depend on what other processes have committed."""


def create_app(services: Services, pages: Callable[[Asgi], Asgi] | None = None) -> Asgi:
    """The application over these services. ``pages`` makes of it what answers where no API is; without it nothing does.

    What every answer may need is read now: it is said too when no file can be opened.
    """
    reasons()
    public = public_addresses()
    counted, audit, timed = services.requests, services.audit, services.watched.requests
    hosts, fresh = services.hosts, services.fresh

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and services.sockets is not None:
            elsewhere = _elsewhere(services, endpoint.PART, endpoint.serve)
            try:
                await endpoint.serve(services, services.sockets, scope, receive, send, elsewhere)
            except Exception as error:
                unforeseen(error)
                raise
            return
        if scope["type"] != "http":
            await _not_http(scope, receive, send)
            return
        try:
            await answer(scope, receive, send)
        except Exception as error:
            unforeseen(error)  # in our log without what it says; the server answers 500 where nothing has gone out
            raise

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        begun = perf_counter()
        request = Request(scope, receive)
        if hosts is not None and request.head.host not in hosts and INSIDE not in scope:
            await json_error(Problem("wrong-host")).send(scope, send)
            return
        path: str = scope["path"]
        if path.startswith("/fhir") and path[5:6] in ("", "/"):
            part, handle = _FHIR
        else:
            found = _plain(path) or _protocol(services, path)
            if found is None:
                if fresh is not None and (problem := await _behind(fresh)) is not None:
                    await json_error(problem).send(scope, send)
                    return
                elsewhere = _elsewhere(services, "", behind)
                await (behind(scope, receive, send) if elsewhere is None else json_error(elsewhere).send(scope, send))
                return
            part, handle = found
        elsewhere = _elsewhere(services, part, handle)
        if elsewhere is not None:
            response = fhir_error(elsewhere) if part in ("fhir", "ingest") else json_error(elsewhere)
            counted[part, request.method, response.status] += 1
            await response.send(scope, send)
            return
        if request.method != "GET":
            audit.begin(request)
        try:
            if fresh is not None and part not in UNASKED:
                await fresh()
            if INSIDE in scope:
                pass  # the page has been through the door
            elif part == "metrics" and scrapes(services, request):
                scope[ASKER] = SCRAPER
            elif path not in public:
                scope[ASKER] = await services.door.admit(request)
            response = await handle(services, request)
        except Problem as problem:
            scope[WHY] = getattr(problem, "why", problem.reason.name)
            if handle is protocols.protocol:
                response = await protocols.refused(services, request, problem)
            else:
                response = fhir_error(problem) if part in ("fhir", "ingest") else json_error(problem)
        except Disconnected:
            return
        except Exception as error:
            response = json_error(unforeseen(error))
        response = audit.answered(request, part, response)
        timed[part].add(perf_counter() - begun)
        counted[part, request.method, response.status] += 1
        await response.send(scope, send)

    services.app = app
    behind = guarded(pages(app) if pages is not None else _nothing)
    return app


async def _behind(fresh: Callable[[], Awaitable[None]]) -> Problem | None:
    """Bring what is known up to date; the Problem where that cannot be done."""
    try:
        await fresh()
    except Problem as problem:
        return problem
    return None


def _elsewhere(services: Services, part: str, handle: object) -> Problem | None:
    """The Problem ``wrong-role`` where other processes answer."""
    if services.roles is ALL or services.roles == ALL:
        return None
    wanted = answering(part, takes=handle in TAKING)
    return None if wanted & services.roles else Problem("wrong-role", detail=ROLE.format(" or ".join(sorted(wanted))))


def _plain(path: str) -> Route | None:
    """Which part of the API an address outside /fhir belongs to; None for the pages."""
    for prefix, (part, handler) in PREFIXES.items():
        if path.startswith(prefix):
            return part, handler if handler is ingest.ingest else _guarded(handler)
    exact = EXACT.get(path)
    if exact is None:
        return None
    return "signon" if exact is endpoints.answer else path.strip("/"), _guarded(exact)


def _protocol(services: Services, path: str) -> Route | None:
    """The part of the API that an adapter answers itself, named as its base; None for none."""
    base = protocols.base_of(services, path)
    return (base.strip("/"), protocols.protocol) if base else None


def _guarded(handler: Handler) -> Handler:
    """Failures as JSON."""

    async def handle(services: Services, request: Request) -> Response:
        try:
            return await handler(services, request)
        except Problem as problem:
            return json_error(problem)
        except Exception as error:
            return json_error(unforeseen(error))

    return handle


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await json_error(Problem("not-found")).send(scope, send)


async def _not_http(scope: Scope, receive: Receive, send: Send) -> None:
    """Starting and stopping is the embedding application's; where there are no Subscriptions there are no websockets."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await send({"type": "websocket.close", "code": 1000})
