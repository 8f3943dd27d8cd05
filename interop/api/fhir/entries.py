"""Entries of a batch or transaction as requests, and answers as entries of the response (FHIR R4 http, 3.1.0.11)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from string import punctuation
from typing import Any, Final
from urllib.parse import quote, unquote

import orjson

from interop.api.asgi import ACCOUNT, FHIR_JSON, Header, Message, Request, Response
from interop.clock import MICROSECONDS, instant
from interop.errors import Problem
from interop.formats.json import write_json

METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
CONDITIONS: Final = {
    "ifNoneMatch": b"if-none-match",
    "ifModifiedSince": b"if-modified-since",
    "ifMatch": b"if-match",
    "ifNoneExist": b"if-none-exist",
}
_PASSED_ON: Final = (b"host", b"prefer")
_OUTCOME: Final = b'{"resourceType":"OperationOutcome"'
Resource = dict[str, Any]


@dataclass(slots=True)
class Entry:
    """What an entry asks: ``path`` below the service base, ``query`` percent-encoded, conditions by the name of the header."""

    place: str
    method: str
    path: str
    query: str
    full_url: str
    resource: Resource | None
    conditions: dict[bytes, str] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Whether it asks for a write, and not for a read, a search or an operation."""
        method = self.method
        return method in ("PUT", "PATCH", "DELETE") or (
            method == "POST" and "$" not in self.path and not self.path.endswith("_search")
        )


def read_entry(said: object, place: str, base: str) -> Entry:
    """An entry of a Bundle; raises Problem ``bad-parameter`` where it is no request to the server at ``base``."""
    request = said.get("request") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(request, dict):
        raise _bad(f"{place}.request", "each entry says what is asked of it")
    method, url, resource, full_url = request.get("method"), request.get("url"), said.get("resource"), said.get("fullUrl", "")
    if method not in METHODS:
        raise _bad(f"{place}.request.method", "it is none of R4's methods")
    if not isinstance(url, str):
        raise _bad(f"{place}.request.url", "a URL is wanted")
    if not isinstance(full_url, str):
        raise _bad(f"{place}.fullUrl", "a URL is wanted")
    if resource is not None and not isinstance(resource, dict):
        raise _bad(f"{place}.resource", "a resource is wanted")
    if resource is None and method in ("POST", "PUT", "PATCH") and "$" not in url and "_search" not in url:
        raise _bad(f"{place}.resource", "there is nothing to write")
    entry = Entry(place, method, *_address(url, base, place), full_url, resource)
    for name, header in CONDITIONS.items():
        value = request.get(name)
        if isinstance(value, str):
            entry.conditions[header] = _http_date(value, place) if name == "ifModifiedSince" else value
        elif value is not None:
            raise _bad(f"{place}.request.{name}", "a text is wanted")
    return entry


def _address(url: str, base: str, place: str) -> tuple[str, str]:
    """Path below ``base`` and query of a URL that is relative to it or begins with it."""
    if url.startswith((f"{base}/", f"{base}?")) or url == base:
        below = url[len(base) :]
    else:
        prefix = base[base.rindex("/") :]
        below = url.removeprefix(prefix) if url.startswith((f"{prefix}/", f"{prefix}?")) else url
    path, _, query = below.removeprefix("/").partition("?")
    if ":" in path.partition("/")[0]:
        raise _bad(f"{place}.request.url", "it leads to another server")
    return unquote(path), quote(query, safe=punctuation + " ")


def _http_date(text: str, place: str) -> str:
    try:
        return format_datetime(datetime.fromisoformat(text).astimezone())
    except (ValueError, OverflowError):
        raise _bad(f"{place}.request.ifModifiedSince", "an instant is wanted") from None


def note_refusal(outer: Request, response: Response) -> None:
    """Tell the audit of an entry that was refused: the Bundle itself was answered."""
    if response.status == HTTPStatus.FORBIDDEN:
        outer.account.refused += 1


def as_request(outer: Request, entry: Entry, prefix: str) -> Request:
    """An entry as a request of its own under ``prefix`` (``/fhir``); raises Problem ``bad-parameter``."""
    kind, body = _body(entry)
    headers: list[Header] = [(name, outer.headers[name]) for name in _PASSED_ON if name in outer.headers]
    headers += [(b"accept", b"application/fhir+json"), *((name, value.encode("utf-8")) for name, value in entry.conditions.items())]
    if kind:
        headers.append((b"content-type", kind))
    path = f"{prefix}/{entry.path}"
    scope = {
        **outer.scope,
        ACCOUNT: outer.account,
        "method": entry.method,
        "path": path,
        "raw_path": path.encode("utf-8"),
        "query_string": entry.query.encode("ascii"),
        "headers": headers,
    }
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return Request(scope, receive)


def _body(entry: Entry) -> tuple[bytes, bytes]:
    """Content type and bytes of what an entry sends; a patch may come as a Binary (http, 3.1.0.11.1)."""
    resource = entry.resource
    if resource is None or entry.method in ("GET", "HEAD", "DELETE"):
        return b"", b""
    if entry.method == "PATCH" and resource.get("resourceType") == "Binary":
        try:
            return str(resource.get("contentType", "")).encode("latin-1"), base64.b64decode(resource.get("data", ""))
        except (binascii.Error, TypeError, ValueError):
            raise _bad(f"{entry.place}.resource.data", "base64 is wanted") from None
    return FHIR_JSON, write_json(resource)


def answered(response: Response, base: str, *, wrote: bool, bare: bool = False, updated: int = 0) -> bytes:
    """An entry of the response to a Bundle. ``wrote``: it answers a write, whose resource is left out where ``bare``; ``updated``
    when that was, in microseconds, 0 where only the headers say."""
    headers = dict(response.headers)
    said: dict[str, Any] = {"status": f"{response.status} {HTTPStatus(response.status).phrase}"}
    location = headers.get(b"location", b"").decode("ascii").removeprefix(f"{base}/")
    if location:
        said["location"] = location
    if b"etag" in headers:
        said["etag"] = headers[b"etag"].decode("ascii")
    if updated or b"last-modified" in headers:
        said["lastModified"] = instant(updated or _seconds(headers[b"last-modified"]) * MICROSECONDS)
    body, resource = response.body, b""
    if body and (response.status >= 400 or (wrote and body.startswith(_OUTCOME))):
        said["outcome"] = orjson.Fragment(body)
    elif body and not (wrote and bare):
        resource = b'"resource":%b,' % body
    return b'{%b"response":%b}' % (resource, orjson.dumps(said))


def _seconds(http_date: bytes) -> int:
    return int(parsedate_to_datetime(http_date.decode("ascii")).timestamp())


def _bad(where: str, detail: str) -> Problem:
    return Problem("bad-parameter", where=where, detail=detail)
