"""Batch and transaction: many requests in one Bundle (FHIR R4 http, 3.1.0.11)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Any, Final

from interop.api import links
from interop.api.asgi import Disconnected, Request, Response
from interop.api.fhir.bodies import BUNDLE_VALUES, LARGE, resource_body
from interop.api.fhir.entries import answered, as_request, note_refusal, read_entry
from interop.api.fhir.transaction import transaction
from interop.api.negotiation import prefer
from interop.api.problems import fhir_error, unforeseen
from interop.api.services import Services
from interop.errors import Problem
from interop.formats.json import load_json

ENTRIES: Final = 5_000
"""Entries that a Bundle may have."""
ABREAST: Final = 32
"""Entries of a batch that are worked on at a time."""
Route = Callable[[Services, Request], Awaitable[Response]]


async def batch(services: Services, request: Request, route: Route, prefix: str) -> Response:
    """``POST [base]``: each entry by itself, or all of them or none; ``route`` answers a single request
    under ``prefix``.

    Raises Problem: ``bad-parameter``, ``too-large``, and for a transaction whatever an entry of it raises.
    """
    body = await resource_body(services, request, "Bundle", limit=services.bundle_limit, values=BUNDLE_VALUES)
    bundle = await asyncio.to_thread(_load, body) if len(body) > LARGE else _load(body)
    kind = bundle.get("type") if isinstance(bundle, dict) and bundle.get("resourceType") == "Bundle" else None
    if kind not in ("batch", "transaction"):
        raise Problem("bad-parameter", where="Bundle.type", detail="a Bundle of type batch or transaction is wanted")
    said: Any = bundle.get("entry", [])
    if not isinstance(said, list):
        raise Problem("bad-parameter", where="Bundle.entry", detail="a list is wanted")
    if len(said) > ENTRIES:
        raise Problem("too-large", where="Bundle.entry", detail=f"more than {ENTRIES} entries")
    if kind == "transaction":
        entries = await transaction(services, request, said, route, prefix)
    else:
        entries = await _batch(services, request, said, route, prefix)
    written = b'"entry":[%b]' % b",".join(entries) if entries else b""
    return Response(200, b'{"resourceType":"Bundle","type":"%b-response"%b}' % (kind.encode(), b"," + written if written else b""))


def _load(body: bytes) -> Any:
    return load_json(body, size=len(body), values=BUNDLE_VALUES)


async def _batch(services: Services, request: Request, said: Sequence[object], route: Route, prefix: str) -> list[bytes]:
    """Runs of entries with one method go abreast, one run after the other: no entry depends on another (3.1.0.11.1)."""
    answers: list[bytes] = []
    gate = asyncio.Semaphore(ABREAST)

    async def one(place: int, entry: object) -> bytes:
        async with gate:
            return await _answer(services, request, f"Bundle.entry[{place}]", entry, route, prefix)

    for _, run in groupby(enumerate(said), key=lambda each: _method(each[1])):
        answers += await asyncio.gather(*(one(place, entry) for place, entry in run))
    return answers


def _method(entry: object) -> str:
    request = entry.get("request") if isinstance(entry, dict) else None
    return str(request.get("method")) if isinstance(request, dict) else ""


async def _answer(services: Services, request: Request, place: str, said: object, route: Route, prefix: str) -> bytes:
    """What comes of one entry of a batch."""
    base = links.base(request, services.base)
    wrote = False
    try:
        entry = read_entry(said, place, base)
        if not entry.path:
            raise Problem("bad-parameter", where=f"{place}.request.url", detail="a Bundle holds no further batch")
        wrote = entry.writes
        response = await route(services, as_request(request, entry, prefix))
    except Problem as problem:
        response = fhir_error(problem)
    except Disconnected:
        raise
    except Exception as error:
        response = fhir_error(unforeseen(error))
    note_refusal(request, response)
    return answered(response, base, wrote=wrote, bare=not prefer(request.header(b"prefer")).answer)
