"""Requests and responses on plain ASGI (version 3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl

from interop.errors import Problem
from interop.policy.asker import NOBODY, Asker
from interop.store.decision import Account

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON: Final = b"application/json"
FHIR_JSON: Final = b"application/fhir+json; charset=utf-8"


ASKER: Final = "interop.asker"
"""Key of the scope: who asks, as the door found out."""
ACCOUNT: Final = "interop.account"
"""Key of the scope: what was given to whom asks; the entries of a Bundle share it."""
FIELDS: Final = 1000
"""Fields of a query string or form at most."""
WHOLE: Final = "interop.whole"
"""Key of the scope: where the server can, a function that sends status, headers and body at once, and tells whether it did."""
STRICT: Final[list[Header]] = [
    (b"content-security-policy", b"sandbox; default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
"""What every answer has that says nothing else: what a browser opens, a Binary or a message, runs and loads nothing."""
TRANSPORT: Final[Header] = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""RFC 6797; over TLS alone."""


class Response:
    """What is sent back. Nobody may keep it: it is about people."""

    __slots__ = ("body", "headers", "media_type", "status")
    always: ClassVar[list[Header]] = [(b"cache-control", b"private, no-cache"), (b"vary", b"accept, accept-encoding"), *STRICT]

    def __init__(self, status: int, body: bytes = b"", media_type: bytes = FHIR_JSON, headers: list[Header] | None = None) -> None:
        self.status = status
        self.body = body
        self.media_type = media_type
        self.headers = headers if headers is not None else []

    async def send(self, scope: Scope, send: Send) -> None:
        """Send it whole; to HEAD without the body, with its length."""
        headers = self.headers
        body = self.body
        if body:
            headers.append((b"content-type", self.media_type))
        if self.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(body)))
        headers += self.always
        if scope.get("scheme") == "https":
            headers.append(TRANSPORT)
        if scope["method"] == "HEAD":
            body = b""
        whole = scope.get(WHOLE)
        if whole is None or not whole(self.status, headers, body):
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            await send({"type": "http.response.body", "body": body})


class Unkept(Response):
    """An answer with a secret in it, or on the way to one: no cache has it (RFC 6749, 5.1)."""

    __slots__ = ()
    always: ClassVar[list[Header]] = [(b"cache-control", b"no-store"), (b"pragma", b"no-cache"), *STRICT]


class Page(Response):
    """A page for people with forms, which says itself what a browser may do with it (``content-security-policy``). By a policy
    of ``no-referrer`` a browser would hide from us, too, that a form is ours (Fetch, Origin header)."""

    __slots__ = ()
    always: ClassVar[list[Header]] = [(b"cache-control", b"no-store"), (b"referrer-policy", b"same-origin"), *STRICT[2:]]


class Disconnected(Exception):
    """The client went away before its request was whole; ``read`` is what had come."""

    def __init__(self, read: bytes) -> None:
        super().__init__()
        self.read = read


class TooLarge(Problem):
    """The body is over the limit; ``read`` is its beginning, as long as the limit."""

    def __init__(self, read: bytes, limit: int) -> None:
        super().__init__("too-large", detail=f"more than {limit} bytes")
        self.read = read

    def __reduce__(self) -> tuple[object, ...]:
        return (Problem, ("too-large",))


class Request:
    """One HTTP request."""

    __slots__ = ("_headers", "_receive", "method", "path", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._receive = receive
        self._headers: dict[bytes, bytes] | None = None

    @property
    def headers(self) -> dict[bytes, bytes]:
        """Headers by lower-case name; of one that is repeated, the values with commas between."""
        found = self._headers
        if found is None:
            pairs: list[Header] = self.scope["headers"]
            found = dict(pairs)
            if len(found) != len(pairs):
                found = {}
                for name, value in pairs:
                    found[name] = found[name] + b", " + value if name in found else value
            self._headers = found
        return found

    def header(self, name: bytes) -> str:
        """A header's value, '' where it is not there."""
        return self.headers.get(name, b"").decode("latin-1").strip()

    @property
    def asker(self) -> Asker:
        """Who asks; nobody where the door was not asked."""
        found: Asker = self.scope.get(ASKER, NOBODY)
        return found

    @property
    def account(self) -> Account:
        """What is given in answer to this request."""
        found: Account | None = self.scope.get(ACCOUNT)
        if found is None:
            found = self.scope[ACCOUNT] = Account()
        return found

    @property
    def query(self) -> list[tuple[str, str]]:
        """The parameters of the URL, in order; raises Problem ``bad-parameter`` where they are not UTF-8."""
        return parameters(self.scope.get("query_string", b""))

    async def body(self, limit: int) -> bytes:
        """The whole body; raises TooLarge as soon as it is over ``limit`` bytes, Disconnected where the client goes away."""
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected(b"".join(chunks))
            chunk = message.get("body", b"")
            if chunk:
                chunks.append(chunk)
                size += len(chunk)
                if size > limit:
                    raise TooLarge(b"".join(chunks)[:limit], limit)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def parameters(encoded: bytes) -> list[tuple[str, str]]:
    """Pairs of a query string or form; those without value are left out (FHIR R4 search, 3.1.1)."""
    if not encoded:
        return []
    if encoded.isascii() and b"%" not in encoded and b"+" not in encoded and b"\0" not in encoded and encoded.count(b"&") < FIELDS:
        pairs = (part.partition("=") for part in encoded.decode("ascii").split("&"))
        return [(name, value) for name, _, value in pairs if value]
    if b"%00" in encoded or b"\0" in encoded:
        raise Problem("bad-parameter", detail="a null character is of no text of FHIR")
    try:
        return parse_qsl(encoded.decode("ascii"), errors="strict", max_num_fields=FIELDS)
    except ValueError:
        raise Problem("bad-parameter", detail=f"the query is not percent-encoded UTF-8, or of more than {FIELDS} fields") from None
