"""Requests and responses on plain ASGI (version 3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import cached_property
from hashlib import sha256
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
"""Key of the scope: where the server can, a function that sends status, headers, further lines of the head that are written
already (``lines``), and body at once, and tells whether it did."""
STRICT: Final[list[Header]] = [
    (b"content-security-policy", b"sandbox; default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
"""What every answer has that says nothing else: what a browser opens, a Binary or a message, runs and loads nothing."""
TRANSPORT: Final[Header] = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""RFC 6797; over TLS alone."""


def lines(headers: Sequence[Header]) -> bytes:
    """Header fields as lines of a head; raises ValueError for one that would be several."""
    written = b"".join([b"%s: %s\r\n" % header for header in headers])
    if written.count(b"\n") != len(headers) or written.count(b"\r") != len(headers):
        raise ValueError("a line break in a header")
    return written


def in_lines(headers: tuple[Header, ...]) -> tuple[bytes, bytes]:
    """Headers of every answer as lines: over plain HTTP, over TLS."""
    return lines(headers), lines((*headers, TRANSPORT))


class Head(tuple[Header, ...]):
    """The header fields of a request in their order, and what they alone tell: found out once, though a client repeats them with
    each request."""

    @cached_property
    def named(self) -> dict[bytes, bytes]:
        """By lower-case name; of a field that is repeated, the values with commas between."""
        found = dict(self)
        if len(found) != len(self):
            found = {}
            for name, value in self:
                found[name] = found[name] + b", " + value if name in found else value
        return found

    @cached_property
    def host(self) -> bytes:
        """The name in the Host header, without its port; ``localhost`` where there is none (HTTP/1.0), b'' where there are several
        or what follows the name is no port (RFC 9112, 3.2)."""
        said = [value for name, value in self if name == b"host"]
        if len(said) != 1:
            return b"" if said else b"localhost"
        host, colon, port = said[0].rpartition(b":")
        if not colon or said[0].endswith(b"]"):
            return said[0].lower()
        return host.lower() if port.isdigit() else b""

    @cached_property
    def token(self) -> bytes:
        """A digest of what ``Authorization`` says; b'' where it is not there."""
        said = self.named.get(b"authorization")
        return b"" if said is None else sha256(said).digest()


class Response:
    """What is sent back. Nobody may keep it: it is about people."""

    __slots__ = ("body", "headers", "media_type", "status")
    always: ClassVar[tuple[Header, ...]] = (
        (b"cache-control", b"private, no-cache"),
        (b"vary", b"accept, accept-encoding"),
        *STRICT,
    )
    """Headers of each of them."""
    written: ClassVar = in_lines(always)

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
        secure = scope.get("scheme") == "https"
        if scope["method"] == "HEAD":
            body = b""
        whole = scope.get(WHOLE)
        if whole is None or not whole(self.status, headers, self.written[secure], body):
            headers += (*self.always, TRANSPORT) if secure else self.always
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            await send({"type": "http.response.body", "body": body})


class Unkept(Response):
    """An answer with a secret in it, or on the way to one: no cache has it (RFC 6749, 5.1)."""

    __slots__ = ()
    always = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"), *STRICT)
    written = in_lines(always)


class Page(Response):
    """A page for people with forms, which says itself what a browser may do with it (``content-security-policy``). By a policy
    of ``no-referrer`` a browser would hide from us, too, that a form is ours (Fetch, Origin header)."""

    __slots__ = ()
    always = ((b"cache-control", b"no-store"), (b"referrer-policy", b"same-origin"), *STRICT[2:])
    written = in_lines(always)


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

    __slots__ = ("_receive", "head", "method", "path", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._receive = receive
        said: Sequence[Header] = scope["headers"]
        self.head = said if isinstance(said, Head) else Head(said)

    @property
    def headers(self) -> dict[bytes, bytes]:
        """Headers by lower-case name; of one that is repeated, the values with commas between."""
        return self.head.named

    def header(self, name: bytes) -> str:
        """A header's value, '' where it is not there."""
        return self.head.named.get(name, b"").decode("latin-1").strip()

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
