"""The FHIR service base: which address and method is which interaction (FHIR R4 http, 3.1.0.1)."""

from __future__ import annotations

from urllib.parse import parse_qs

from interop.api.asgi import Disconnected, Header, Request, Response
from interop.api.fhir.capability import capabilities
from interop.api.fhir.everything import NAME, everything
from interop.api.fhir.history import history
from interop.api.fhir.read import read, vread
from interop.api.fhir.routes import ALLOWED, resource_types
from interop.api.fhir.search import search, search_by_post
from interop.api.fhir.write import create, delete, update
from interop.api.negotiation import acceptable
from interop.api.problems import fhir_error, unforeseen
from interop.api.searching.values import ID
from interop.api.services import Services
from interop.errors import Problem

PREFIX = "/fhir"


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
    parts = request.path[len(PREFIX) + 1 :].split("/")
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
    kind = _kind(parts)
    method = request.method
    allowed = ALLOWED[kind]
    if method == "OPTIONS" or method not in allowed:
        headers.append((b"allow", ", ".join(allowed).encode("ascii")))
        if method == "OPTIONS":
            return Response(204, headers=headers)
        raise Problem("not-allowed")
    query = request.scope.get("query_string", b"")
    accept = request.header(b"accept")
    if accept or b"_format" in query:
        wanted = parse_qs(query.decode("latin-1")).get("_format", [""])[-1] if b"_format" in query else ""
        acceptable(accept, wanted.replace(" ", "+"))
    if kind == "instance":
        if method in ("GET", "HEAD"):
            return await read(services, request, parts[0], parts[1])
        return await (update if method == "PUT" else delete)(services, request, parts[0], parts[1])
    if kind == "type":
        return await (create if method == "POST" else search)(services, request, parts[0])
    if kind == "search":
        return await search_by_post(services, request, parts[0])
    if kind == "history":
        return await history(services, request, *parts[:-1])
    if kind == "version":
        return await vread(services, request, parts[0], parts[1], parts[3])
    if kind == "operation":
        return await everything(services, request, parts[1])
    return await capabilities(services, request)


def _kind(parts: list[str]) -> str:
    """What sort of address it is; raises Problem ``not-found``, ``unknown-type``."""
    if parts == ["metadata"]:
        return "metadata"
    if parts == ["_history"]:
        return "history"
    if parts[0] not in resource_types():
        raise Problem("not-found" if parts == [""] or parts[0][:1] in "_$" else "unknown-type")
    if len(parts) == 1:
        return "type"
    if len(parts) == 2:
        if parts[1] in ("_search", "_history"):
            return "search" if parts[1] == "_search" else "history"
        if ID.fullmatch(parts[1]):
            return "instance"
    elif ID.fullmatch(parts[1]):
        if len(parts) == 3 and parts[2] == "_history":
            return "history"
        if len(parts) == 3 and parts[0] == "Patient" and parts[2] == NAME:
            return "operation"
        if len(parts) == 4 and parts[2] == "_history":
            return "version"
    raise Problem("not-found")
