"""Connections to the service, from settings that can be used."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from adapters.pds.client import Pds
from adapters.pds.session import Session
from adapters.pds.tokens import Tokens
from interop.ports.demographics import Demographics, Reached

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_NAME: Final = re.compile(r"[\x21-\x7e]{1,200}")


class Service:
    """Makes connections. ``reads``: the adapter that reads its Patients."""

    reads = "r4"

    def connect(self, reached: Reached, now: Callable[[], int]) -> Demographics:
        """Connections by these settings; raises ValueError that names the one which cannot be, OSError for a key that cannot be
        read."""
        base = _address("pds", reached.url)
        if not 0 < reached.timeout <= 60:
            raise ValueError("an answer is waited for up to 60 seconds")
        tokens = None
        if reached.key is not None:
            if not _NAME.fullmatch(reached.client) or not _NAME.fullmatch(reached.kid):
                raise ValueError("pds_api_key and pds_kid name the application and its key where pds_key is given")
            parts = urlsplit(base)
            url = _address("pds_token_url", reached.token_url or f"{parts.scheme}://{parts.netloc}/oauth2/token")
            tokens = Tokens(url, reached.client, reached.kid, reached.key.read_bytes(), now)
        elif urlsplit(base).hostname in ("api.service.nhs.uk", "int.api.service.nhs.uk"):
            raise ValueError("pds_key must be given: only the sandbox is asked without signing on")
        return Pds(Session(base, tokens, now, reached.timeout))


def _address(name: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError(f"{name} must begin with https://")
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(f"{name} must be an address without credentials, query or fragment")
    return url.rstrip("/")
