"""Headers that keep a browser from doing what an answer did not mean, on every answer (OWASP Secure Headers)."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

from interop.api.asgi import STRICT, TRANSPORT, Asgi, Header, Message, Receive, Scope, Send

HIDDEN: Final = frozenset((b"server", b"x-powered-by"))
"""Headers that tell which program answers."""
LINES: Final = b"".join(b"%b: %b\r\n" % header for header in STRICT)
"""What an answer that no application makes has of them."""


def policy(*styles: str) -> str:
    """The content security policy of pages that hold these style sheets and no other, no script and no form to elsewhere."""
    hashes = (f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" for style in styles)
    held = " ".join(dict.fromkeys(hashes)) or "'none'"
    return f"default-src 'none'; style-src {held}; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"


def guarded(app: Asgi) -> Asgi:
    """An application with these headers on each of its answers, where it has not said otherwise itself."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _completed(scope, list(message.get("headers", ())))
            await send(message)

        await app(scope, receive, told)

    return wrapped


def _completed(scope: Scope, headers: list[Header]) -> list[Header]:
    there = {name.lower() for name, _ in headers}
    kept = [header for header in headers if header[0].lower() not in HIDDEN]
    more = [header for header in STRICT if header[0] not in there]
    return [*kept, *more, *([TRANSPORT] if scope.get("scheme") == "https" else [])]
