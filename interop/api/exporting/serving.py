"""``/exports/[id]``: how an export is, its manifest, its files, and how to give it up (FHIR Bulk Data Access IG 2.0.0)."""

from __future__ import annotations

import asyncio
import os
import re
import zlib
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final

import orjson

from interop.api import links
from interop.api.asgi import JSON, TRANSPORT, Header, Request, Response, Scope, Send
from interop.api.exporting.job import FAILED, OPEN, Job
from interop.api.problems import fhir_error, not_allowed
from interop.api.representation import takes_gzip
from interop.api.services import Services
from interop.clock import instant
from interop.errors import Problem

PREFIX: Final = "/exports/"
NDJSON: Final = b"application/fhir+ndjson"
CHUNK: Final = 256 * 1024
SOON, LATER = 1, 5
"""Seconds after which to ask again: while it has just begun, and afterwards."""
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_PLACE: Final = re.compile(r"([0-9a-f]{32})(?:/([A-Za-z]+\.ndjson))?")


async def export(services: Services, request: Request) -> Response:
    """Everything under ``/exports/``, to who has begun the export; failures are OperationOutcomes."""
    try:
        return await _answer(services, request)
    except Problem as problem:
        return fhir_error(problem)


async def _answer(services: Services, request: Request) -> Response:
    place = _PLACE.fullmatch(request.path[len(PREFIX) :])
    if place is None or services.exports is None:
        raise Problem("not-found")
    id_, name = place.groups()
    job = await services.exports.find(request.asker, id_)
    methods = ("GET", "HEAD") if name else ("GET", "HEAD", "DELETE")
    if request.method not in methods:
        return fhir_error(*not_allowed(methods))
    if name:
        return _file(services, request, job, name)
    if request.method == "DELETE":
        await services.exports.cancel(request.asker, id_)
        return Response(202)
    if job.state == FAILED:
        raise job.why()
    if job.state in OPEN:
        return _under_way(services, job)
    expires = formatdate(job.expires / 1_000_000, usegmt=True).encode("ascii")
    return Response(200, orjson.dumps(manifest(services, request, job)), JSON, [(b"expires", expires)])


def _under_way(services: Services, job: Job) -> Response:
    waited = services.clock.now() - job.requested
    progress = f"{job.resources:,} resources" if job.begun else "waiting for its turn"
    again = SOON if waited < 10_000_000 else LATER
    return Response(202, headers=[(b"x-progress", progress.encode("ascii")), (b"retry-after", b"%d" % again)])


def manifest(services: Services, request: Request, job: Job) -> dict[str, Any]:
    """What an export came to."""
    root = f"{links.root(request, services.base)}{PREFIX}{job.id}/"
    said: dict[str, Any] = {
        "transactionTime": exact(job.transaction),
        "request": job.wanted.request,
        "requiresAccessToken": services.signon is not None,
        "output": [],
        "deleted": [],
        "error": [],
    }
    for each in job.outputs:
        said[each.kind].append({"type": each.type, "url": root + each.name, "count": each.count})
    return said


def exact(microseconds: int) -> str:
    """A FHIR ``instant`` with all there is, so that ``_since`` asks for what comes after it to the microsecond."""
    rest = microseconds % 1000
    return instant(microseconds) if not rest else f"{instant(microseconds)[:-1]}{rest:03d}Z"


def _file(services: Services, request: Request, job: Job, name: str) -> Response:
    assert services.exports is not None
    path = services.exports.path(job, name)
    output = next(each for each in job.outputs if each.name == name)
    headers: list[Header] = [(b"accept-ranges", b"bytes")]
    if request.method == "GET":
        request.account.resources += output.count
    low, high, status = 0, output.size, 200
    said = request.header(b"range")
    matched = _RANGE.fullmatch(said) if said else None
    if matched is not None and (matched[1] or matched[2]):
        low, high = _span(matched[1], matched[2], output.size)
        if low >= high:
            return Response(416, headers=[(b"content-range", b"bytes */%d" % output.size)])
        headers.append((b"content-range", b"bytes %d-%d/%d" % (low, high - 1, output.size)))
        status = 206
    packed = status == 200 and takes_gzip(request.header(b"accept-encoding"))
    if not path.is_file():
        raise Problem("not-found")
    return FileResponse(status, path, low, high, headers, packed=packed)


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """From where to where, high exclusive (RFC 9110, 14.1.2)."""
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


class FileResponse(Response):
    """A part of a file, read as it is sent. It is open while it is sent alone: what is answered may be something else."""

    __slots__ = ("_high", "_low", "_packed", "_path")

    def __init__(self, status: int, path: Path, low: int, high: int, headers: list[Header], *, packed: bool) -> None:
        super().__init__(status, b"", NDJSON, headers)
        self._path, self._low, self._high, self._packed = path, low, high, packed

    async def send(self, scope: Scope, send: Send) -> None:
        """Send it in chunks, with its length unless it is compressed on the way; 404 where the file has gone meanwhile."""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            await fhir_error(Problem("not-found")).send(scope, send)
            return
        headers = [*self.headers, (b"content-type", NDJSON), *self.always]
        headers.append((b"content-encoding", b"gzip") if self._packed else (b"content-length", b"%d" % (self._high - self._low)))
        if scope.get("scheme") == "https":
            headers.append(TRANSPORT)
        packing = zlib.compressobj(1, zlib.DEFLATED, 31) if self._packed else None
        try:
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            at = self._low if scope["method"] != "HEAD" else self._high
            while at < self._high:
                chunk, read = await asyncio.to_thread(_read, file, at, min(CHUNK, self._high - at), packing)
                if not read:
                    raise OSError("the file has become shorter")
                at += read
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            rest = packing.flush() if packing is not None and scope["method"] != "HEAD" else b""
            await send({"type": "http.response.body", "body": rest})
        finally:
            os.close(file)


def _read(file: int, at: int, size: int, packing: Any) -> tuple[bytes, int]:
    chunk = os.pread(file, size, at)
    return (chunk if packing is None else packing.compress(chunk)), len(chunk)
