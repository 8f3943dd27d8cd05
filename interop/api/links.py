"""Addresses of our own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from interop.api.asgi import Request

_PLAIN = re.compile(r"[A-Za-z0-9_:.\-|/,~]*")
_HOST = re.compile(r"[A-Za-z0-9.\-_]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?")


def root(request: Request, configured: str) -> str:
    """Scheme and authority: the configured one, else the one that the request names."""
    return configured or _root(request.scope.get("scheme", "http"), request.headers.get(b"host", b""))


def base(request: Request, configured: str) -> str:
    """The FHIR service base, ``http://127.0.0.1:8080/fhir``."""
    return root(request, configured) + "/fhir"


@lru_cache(maxsize=256)
def _root(scheme: str, host: bytes) -> str:
    name = host.decode("latin-1")
    return f"{scheme}://{name}" if _HOST.fullmatch(name) else f"{scheme}://localhost"


def query(pairs: Iterable[tuple[str, str]]) -> str:
    """``?a=b&c=d``, '' for no pairs; what search values need to be legible is not encoded."""
    said = "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in pairs])
    return "?" + said if said else ""


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quote(text, safe="_:.-|/,")
