"""Where acknowledgements go that are messages, and how: by SOAP, to the address at which the sender wants to be answered.

An address on this machine is answered; any other only where it begins with one that the operator has named in
``INTEROP_ITK_RETURN`` (addresses, blanks between): whoever sends a report must not choose whom this engine calls.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from adapters.nhs111.soap import MEDIA_TYPES, Asked, message

ALLOWED: Final = "INTEROP_ITK_RETURN"
WAITS: Final = (1.0, 10.0, 60.0)
"""Seconds before each further try."""
TIMEOUT: Final = 20.0
_log = structlog.get_logger("adapters.nhs111")


def address(request: Asked) -> str:
    """The address to which answers of their own may go; '' where the connection is all there is, or the address is not allowed."""
    wanted = request.reply_to
    try:
        parts = urlsplit(wanted)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or parts.username or "/addressing/" in wanted:
        return ""
    allowed = os.environ.get(ALLOWED, "").split()
    return wanted if _is_here(host) or any(_under(wanted, each) for each in allowed) else ""


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _under(wanted: str, allowed: str) -> bool:
    """Whether an address is the allowed one or lies below it: of the same host, not of one whose name begins alike."""
    base = allowed.rstrip("/")
    return wanted == base or wanted.startswith((f"{base}/", f"{base}?"))


async def send(url: str, request: Asked, service: str, envelope: Any, waits: Sequence[float] = WAITS) -> bool:
    """Send one acknowledgement; whether it arrived. Tries again where that may help; never raises."""
    import httpx

    body = message(request, service, url, envelope)
    headers = {"Content-Type": f"{MEDIA_TYPES[request.soap]}; charset=utf-8", "SOAPAction": f'"{service}"'}
    async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client:
        for wait in (0.0, *waits):
            await asyncio.sleep(wait)
            try:
                answer = await client.post(url, content=body, headers=headers)
            except httpx.HTTPError as error:
                _log.warning("acknowledgement not sent", service=service, error=type(error).__name__)
                continue
            if answer.is_success:
                return True
            _log.warning("acknowledgement not taken", service=service, status=answer.status_code)
            if answer.status_code < 500:
                return False
    return False
