"""With what a command signs on at an engine: a token that is given, or one of the demonstration from the key beside the data."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

MINUTES: Final = 60
"""How long a token that a command makes for itself is good."""


def bearer(url: str, token: str, data: Path) -> dict[str, str]:
    """The headers of a request to ``url``. Without a token, and on this machine alone, the embedded issuer's key in ``data`` makes
    one of the tester; nothing where there is no key, or the engine has an issuer of its own that would not take it."""
    if not token and _here(url):
        token = _own(data)
    return {"Authorization": f"Bearer {token}"} if token else {}


def _here(url: str) -> bool:
    from interop.app.addresses import loopback

    return loopback((urlsplit(url).hostname or "").strip("[]"))


def _own(data: Path) -> str:
    from interop.signon.issuer import OwnIssuer, default_scope
    from interop.signon.keyfile import read_keys

    try:
        keys = read_keys(data)
    except (OSError, ValueError):
        return ""
    if keys is None:
        return ""
    claims = {
        "sub": "demo-tester",
        "role": "tester",
        "scope": default_scope("tester", ""),
        "feed": "*",
        "client_id": "interop-send",
    }
    return OwnIssuer().issue(keys, claims, now=time.time(), seconds=MINUTES * 60)
