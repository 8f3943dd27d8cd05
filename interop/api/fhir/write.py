"""Create, update and delete of what the API owns (FHIR R4 http, 3.1.0.7 to 3.1.0.9)."""

from __future__ import annotations

from interop.api import links
from interop.api.asgi import Request, Response
from interop.api.fhir.read import version_headers
from interop.api.negotiation import if_match, is_fhir_json, prefer
from interop.api.problems import outcome
from interop.api.services import Services
from interop.apply.writes import Written
from interop.errors import Problem


async def create(services: Services, request: Request, type: str) -> Response:
    """201 with the address of the new resource."""
    if request.header(b"if-none-exist"):
        raise Problem("bad-parameter", where="If-None-Exist", detail="conditional create is not supported")
    body = await _body(services, request)
    return _answer(services, request, await services.writes.create(type, body))


async def update(services: Services, request: Request, type: str, id: str) -> Response:
    """200, or 201 where there was nothing; 412 where ``If-Match`` names another version."""
    if request.query:
        raise Problem("bad-parameter", detail="conditional update is not supported")
    absent = request.header(b"if-none-match")
    if absent not in ("", "*"):
        raise Problem("bad-parameter", where="If-None-Match", detail="only * has a meaning for a write")
    expected = if_match(request.header(b"if-match"))
    body = await _body(services, request)
    written = await services.writes.update(type, id, body, expected=expected, absent=bool(absent))
    return _answer(services, request, written)


async def delete(services: Services, request: Request, type: str, id: str) -> Response:
    """204, also where it was deleted before."""
    written = await services.writes.delete(type, id, expected=if_match(request.header(b"if-match")))
    return Response(204, headers=version_headers(written.stored))


async def _body(services: Services, request: Request) -> bytes:
    if not is_fhir_json(request.header(b"content-type")):
        raise Problem("media-type", detail="application/fhir+json in UTF-8 is wanted")
    return await request.body(services.resource_limit)


def _answer(services: Services, request: Request, written: Written) -> Response:
    stored = written.stored
    headers = version_headers(stored)
    if written.created:
        address = f"{links.base(request, services.base)}/{stored.type}/{stored.id}/_history/{stored.version}"
        headers.append((b"location", address.encode("ascii")))
    wanted = prefer(request.header(b"prefer")).answer
    if wanted == "minimal":
        body = b""
    elif wanted == "OperationOutcome":
        text = "created" if written.created else "updated" if written.message else "unchanged"
        body = outcome([{"severity": "information", "code": "informational", "diagnostics": f"The resource was {text}."}])
    else:
        body = stored.body
    return Response(201 if written.created else 200, body, headers=headers)
