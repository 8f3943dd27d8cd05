"""Read and vread (FHIR R4 http, 3.1.0.2 to 3.1.0.6): stored bytes as they are."""

from __future__ import annotations

from interop.api.asgi import FHIR_JSON, Header, Request, Response
from interop.api.negotiation import etag, http_date, unchanged
from interop.api.services import Services
from interop.errors import Problem
from interop.policy.decide import Question, decide
from interop.store.plan import Read, ReadVersion
from interop.store.values import Stored

VERSION_DIGITS = 18


async def read(services: Services, request: Request, type: str, id: str) -> Response:
    """The present version; 304 where the client has it. Raises Problem ``not-found``, ``gone``."""
    stored = await present(services, Question("read", type, id))
    headers = request.headers
    if (b"if-none-match" in headers or b"if-modified-since" in headers) and unchanged(
        stored.version, stored.updated, request.header(b"if-none-match"), request.header(b"if-modified-since")
    ):
        return Response(304, headers=version_headers(stored))
    return Response(200, stored.body, FHIR_JSON, version_headers(stored))


async def vread(services: Services, request: Request, type: str, id: str, version: str) -> Response:
    """One version. Raises Problem ``not-found``, and ``gone`` for the version that is a deletion."""
    if not (version.isascii() and version.isdigit() and len(version) <= VERSION_DIGITS):
        raise Problem("not-found")
    decision = decide(Question("vread", type, id))
    found: list[Stored] = await services.store.query(ReadVersion(decision, type, id, int(version)))
    if not found:
        raise Problem("not-found")
    if found[0].deleted:
        raise Problem("gone")
    return Response(200, found[0].body, FHIR_JSON, version_headers(found[0]))


async def present(services: Services, question: Question) -> Stored:
    """The present version; raises Problem ``not-found``, ``gone``."""
    found: list[Stored] = await services.store.query(Read(decide(question), question.type, question.id))
    if not found:
        raise Problem("not-found")
    if found[0].deleted:
        raise Problem("gone")
    return found[0]


def version_headers(stored: Stored) -> list[Header]:
    """``ETag`` and ``Last-Modified``."""
    return [(b"etag", etag(stored.version)), (b"last-modified", http_date(stored.updated // 1_000_000))]
