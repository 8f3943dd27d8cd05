"""Read and vread (FHIR R4 http, 3.1.0.2 to 3.1.0.6): stored bytes as they are, or the part of them that is asked for."""

from __future__ import annotations

from interop.api import links
from interop.api.asgi import FHIR_JSON, Header, Request, Response
from interop.api.negotiation import etag, http_date, prefer, unchanged
from interop.api.paging import PASSED, legible
from interop.api.services import Services
from interop.api.subsetting import Part, part
from interop.errors import Problem
from interop.store.decision import Decision
from interop.store.plan import Read, ReadVersion
from interop.store.values import Stored

VERSION_DIGITS = 18


class Gone(Problem):
    """The resource was deleted; ``headers`` tell by which version."""

    def __init__(self, stored: Stored, address: str = "") -> None:
        super().__init__("gone")
        self.headers = version_headers(stored)
        if address:
            self.headers.append((b"location", address.encode("ascii")))

    def __reduce__(self) -> tuple[object, ...]:
        return (Problem, ("gone",))


async def read(services: Services, request: Request, type: str, id: str) -> Response:
    """The present version; 304 where the client has it. Raises Problem ``not-found``, Gone, ``bad-parameter``."""
    found: list[Stored] = await services.store.query(Read(services.decide(request, "read", type, id), type, id))
    if not found:
        raise Problem("not-found")
    stored = found[0]
    if stored.deleted:
        address = f"{links.base(request, services.base)}/{type}/{id}/_history/{stored.version}"
        raise Gone(stored, address)
    return _answer(request, stored)


async def vread(services: Services, request: Request, type: str, id: str, version: str) -> Response:
    """One version; 304 where the client has it. Raises Problem ``not-found``, Gone for the version that is a deletion."""
    if not (version.isascii() and version.isdigit() and len(version) <= VERSION_DIGITS):
        raise Problem("not-found")
    decision = services.decide(request, "vread", type, id)
    found: list[Stored] = await services.store.query(ReadVersion(decision, type, id, int(version)))
    if not found:
        raise Problem("not-found")
    if found[0].deleted:
        raise Gone(found[0])
    return _answer(request, found[0])


def _answer(request: Request, stored: Stored) -> Response:
    headers = request.headers
    if (b"if-none-match" in headers or b"if-modified-since" in headers) and unchanged(
        stored.version, stored.updated, request.header(b"if-none-match"), request.header(b"if-modified-since")
    ):
        return Response(304, headers=version_headers(stored))
    body = stored.body
    if request.scope.get("query_string"):
        body = wanted(request).of(body, stored.type)
    return Response(200, body, FHIR_JSON, version_headers(stored))


def wanted(request: Request) -> Part:
    """The part of a resource that the query asks for; raises Problem ``bad-parameter``, under ``handling=strict`` also for what a
    read does not take."""
    said = Part()
    for name, value in request.query:
        if name in ("_summary", "_elements"):
            said = part(name, value, said)
        elif name not in PASSED and prefer(request.header(b"prefer")).strict:
            raise Problem("bad-parameter", where=legible(name), detail="it is not supported here")
    return said


async def present(services: Services, decision: Decision, type: str, id: str) -> Stored:
    """The present version; raises Problem ``not-found``, Gone."""
    found: list[Stored] = await services.store.query(Read(decision, type, id))
    if not found:
        raise Problem("not-found")
    if found[0].deleted:
        raise Gone(found[0])
    return found[0]


def version_headers(stored: Stored) -> list[Header]:
    """``ETag`` and ``Last-Modified``."""
    return [(b"etag", etag(stored.version)), (b"last-modified", http_date(stored.updated // 1_000_000))]
