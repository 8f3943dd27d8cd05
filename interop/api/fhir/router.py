"""The FHIR service base: which address and method is which interaction (FHIR R4 http, 3.1.0.1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, NamedTuple

from interop.api.asgi import Disconnected, Header, Request, Response
from interop.api.fhir import audit_events, binary
from interop.api.fhir.batch import batch
from interop.api.fhir.capability import capabilities
from interop.api.fhir.history import history
from interop.api.fhir.read import read, vread
from interop.api.fhir.routes import INTERACTIONS, allowed, resource_types
from interop.api.fhir.search import search_compartment, search_system
from interop.api.fhir.write import create, delete, malformed_id, patch, update
from interop.api.forms import POSTED, Form, form_of
from interop.api.operations.calling import call
from interop.api.operations.definitions import OURS, read_ours
from interop.api.operations.operation import INSTANCE, SYSTEM, TYPE
from interop.api.operations.registry import operation
from interop.api.problems import fhir_error, unforeseen
from interop.api.representation import shown
from interop.api.searching.references import ID
from interop.api.services import Services
from interop.api.signon.endpoints import smart_configuration
from interop.audit.events import named as log_id
from interop.errors import Problem

PREFIX = "/fhir"
_READ: Final = 4
"""Parts of ``/fhir/Type/id``, what is asked for most."""
Handler = Callable[..., Awaitable[Response]]

HANDLERS: Final[dict[str, Handler]] = {
    "capabilities": capabilities,
    "history-system": history,
    "history-type": history,
    "history-instance": history,
    "search-type": audit_events.search_type,
    "search-system": search_system,
    "search-compartment": search_compartment,
    "batch": lambda services, request: batch(services, request, _inner, PREFIX),
    "create": create,
    "read": read,
    "update": update,
    "patch": patch,
    "delete": delete,
    "vread": vread,
}
"""Interaction -> what answers it: called with services, request and the named parts of the address."""


_SYSTEM: Final = {"": "system", "metadata": "metadata", "_history": "system-history", "_search": "system-search"}
"""Addresses below the base that name no type -> their kind."""


class Address(NamedTuple):
    """An address under ``/fhir``: its kind, the parts that name something, and for an operation its name without ``$``."""

    kind: str
    named: tuple[str, ...] = ()
    operation: str = ""


async def answer(services: Services, request: Request) -> Response:
    """Any request under ``/fhir``, in the form it asks for; every failure is an OperationOutcome. Raises Disconnected alone."""
    form = form_of(request)
    response = await _handled(services, request, form)
    if POSTED in request.scope:
        form = form_of(request)
    try:
        if not form.acceptable and response.status == HTTPStatus.OK and not binary.read_by(request):
            raise Problem("not-acceptable")
        return shown(response, form, request)
    except Problem as problem:
        return fhir_error(problem)
    except Exception as error:
        return fhir_error(unforeseen(error))


async def _handled(services: Services, request: Request, form: Form) -> Response:
    """The answer in JSON, or the content of a Binary."""
    headers: list[Header] = []
    holding = binary.read_by(request)
    try:
        if not form.acceptable and not holding:
            raise Problem("not-acceptable")
        response = await _route(services, request, headers)
        return binary.content_of(response) if holding and not form.explicit else response
    except Problem as problem:
        return fhir_error(problem, headers)
    except Disconnected:
        raise
    except Exception as error:
        return fhir_error(unforeseen(error))


async def _inner(services: Services, request: Request) -> Response:
    """An entry of a Bundle; raises Problem."""
    return await _route(services, request, [])


async def _route(services: Services, request: Request, headers: list[Header]) -> Response:
    method = request.method
    parts = request.path.split("/")
    if method == "GET" and len(parts) == _READ and parts[2] in resource_types() and parts[3] and parts[3][0] not in "_$":
        if parts[2] == "OperationDefinition" and (parts[2], parts[3]) in OURS:
            return await read_ours(services, request, parts[2], parts[3])
        if parts[2] == "AuditEvent" and log_id(parts[3]):
            return await audit_events.read_own(services, request, parts[3])
        return await read(services, request, parts[2], parts[3])
    last = parts[-1]
    if parts[2:] == [".well-known", "smart-configuration"] and method in ("GET", "HEAD"):
        return await smart_configuration(services, request)
    if (
        method == "PUT"
        and len(parts) == _READ
        and parts[2] in resource_types()
        and last
        and last[0] not in "_$"
        and not ID.fullmatch(last)
    ):
        raise malformed_id(parts[2])
    address = locate(request.path[len(PREFIX) + 1 :])
    called = operation(address.operation, address.kind, address.named[0] if address.named else "") if address.operation else None
    if address.operation and called is None:
        raise Problem("not-found")
    methods = (*called.methods, "OPTIONS") if called else allowed(address.kind)
    if method == "OPTIONS" or (method not in methods and not (method == "HEAD" and "GET" in methods)):
        headers.append((b"allow", ", ".join(methods).encode("ascii")))
        if method == "OPTIONS":
            return Response(204, headers=headers)
        raise Problem("not-allowed")
    if called:
        return await call(called, services, request, *(*address.named, "", "")[:2])
    if address.named in OURS and address.kind == "instance":
        return await read_ours(services, request, *address.named)
    interaction = INTERACTIONS[address.kind, "GET" if method == "HEAD" else method]
    return await HANDLERS[interaction](services, request, *address.named)


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
    if len(parts) == 1 and last in _SYSTEM:
        return Address(_SYSTEM[last])
    if parts[0] not in resource_types():
        raise Problem("not-found" if parts[0][:1] in "_$" else "unknown-type")
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
        case [type_, id_, other] if ID.fullmatch(id_) and (other == "*" or other in resource_types()):
            return Address("compartment", (type_, id_, other))
        case [type_, id_, "_search"] if ID.fullmatch(id_):
            return Address("compartment-search", (type_, id_, "*"))
        case [type_, id_, other, "_search"] if ID.fullmatch(id_) and (other == "*" or other in resource_types()):
            return Address("compartment-search", (type_, id_, other))
    raise Problem("not-found")
