"""The FHIR service base: which address and method is which interaction (FHIR R4 http, 3.1.0.1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from interop.api.asgi import Disconnected, Header, Request, Response
from interop.api.fhir.capability import capabilities
from interop.api.fhir.history import history
from interop.api.fhir.read import read, vread
from interop.api.fhir.routes import INTERACTIONS, allowed, resource_types
from interop.api.fhir.search import search, search_by_post
from interop.api.fhir.write import create, delete, update
from interop.api.negotiation import acceptable
from interop.api.operations.operation import INSTANCE, SYSTEM, TYPE
from interop.api.operations.registry import operation
from interop.api.problems import fhir_error, unforeseen
from interop.api.searching.values import ID
from interop.api.services import Services
from interop.errors import Problem

PREFIX = "/fhir"
Handler = Callable[..., Awaitable[Response]]

HANDLERS: Final[dict[str, Handler]] = {
    "capabilities": capabilities,
    "history-system": history,
    "history-type": history,
    "history-instance": history,
    "search-type": search,
    "create": create,
    "read": read,
    "update": update,
    "delete": delete,
    "vread": vread,
}
"""Interaction -> what answers it: called with services, request and the named parts of the address."""


class Address(NamedTuple):
    """An address under ``/fhir``: its kind, the parts that name something, and for an operation its name without ``$``."""

    kind: str
    named: tuple[str, ...] = ()
    operation: str = ""


async def answer(services: Services, request: Request) -> Response:
    """Any request under ``/fhir``; every failure is an OperationOutcome. Raises Disconnected alone."""
    headers: list[Header] = []
    try:
        return await _route(services, request, headers)
    except Problem as problem:
        return fhir_error(problem, headers)
    except Disconnected:
        raise
    except Exception as error:
        return fhir_error(unforeseen(error))


async def _route(services: Services, request: Request, headers: list[Header]) -> Response:
    address = locate(request.path[len(PREFIX) + 1 :])
    method = request.method
    called = operation(address.operation, address.kind, address.named[0] if address.named else "") if address.operation else None
    if address.operation and called is None:
        raise Problem("not-found")
    methods = (*called.methods, "OPTIONS") if called else allowed(address.kind)
    if method == "OPTIONS" or (method not in methods and not (method == "HEAD" and "GET" in methods)):
        headers.append((b"allow", ", ".join(methods).encode("ascii")))
        if method == "OPTIONS":
            return Response(204, headers=headers)
        raise Problem("not-allowed")
    _acceptable(request)
    if called:
        return await called.handler(services, request, *(*address.named, "", "")[:2])
    if address.kind == "type-search":
        return await search_by_post(services, request, *address.named)
    interaction = INTERACTIONS[address.kind, "GET" if method == "HEAD" else method]
    return await HANDLERS[interaction](services, request, *address.named)


def _acceptable(request: Request) -> None:
    query = request.scope.get("query_string", b"")
    accept = request.header(b"accept")
    if accept or b"_format" in query:
        wanted = parse_qs(query.decode("latin-1")).get("_format", [""])[-1] if b"_format" in query else ""
        acceptable(accept, wanted.replace(" ", "+"))


def locate(path: str) -> Address:
    """What an address below the service base names; raises Problem ``not-found``, ``unknown-type``."""
    parts = path.split("/")
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
    last = parts[-1]
    if last[:1] == "$":
        level = (SYSTEM, TYPE, INSTANCE)[len(parts) - 1] if len(parts) < 4 else ""
        named = parts[:-1]
        if level and (not named or named[0] in resource_types()) and (len(named) < 2 or ID.fullmatch(named[1])):
            return Address(level, tuple(named), last[1:])
        raise Problem("not-found")
    if parts in (["metadata"], ["_history"]):
        return Address("metadata" if last == "metadata" else "system-history")
    if parts[0] not in resource_types():
        raise Problem("not-found" if parts == [""] or parts[0][:1] in "_$" else "unknown-type")
    match parts:
        case [type_]:
            return Address("type", (type_,))
        case [type_, "_search"]:
            return Address("type-search", (type_,))
        case [type_, "_history"]:
            return Address("type-history", (type_,))
        case [type_, id_] if ID.fullmatch(id_):
            return Address("instance", (type_, id_))
        case [type_, id_, "_history"] if ID.fullmatch(id_):
            return Address("instance-history", (type_, id_))
        case [type_, id_, "_history", version] if ID.fullmatch(id_):
            return Address("version", (type_, id_, version))
    raise Problem("not-found")
