"""One request over HTTP to a destination, and its answer as the error table has it."""

from __future__ import annotations

import asyncio
from typing import Final

import httpx

from interop.errors import Problem
from interop.ports.destination import Taken

PATIENCE: Final = 30.0
"""Seconds for an answer."""
BUSY: Final = frozenset((408, 425, 429, 502, 503, 504, 507, 521, 522, 523, 525, 526, 530))
"""With those of proxies that do not reach what is behind them."""
LONGEST: Final = 9
"""Digits of the seconds to wait that are read."""
UNKNOWN: Final = frozenset((500, 520, 524))
"""It may have been taken before the other side failed."""
UNTAKEN: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""Nothing of the request has gone out."""


def judged(status: int, retry_after: str) -> Taken:
    """An answer over HTTP as the error table has it. Nobody follows a redirect: where it leads was not agreed."""
    wait = int(retry_after[:LONGEST]) if retry_after.isascii() and retry_after.isdigit() else 0
    if 200 <= status < 300:
        return Taken(code=str(status))
    if status in (401, 403):
        name = "destination-denied"
    elif status in BUSY:
        name = "destination-unavailable"
    elif status in UNKNOWN:
        name = "destination-unanswered"
    else:
        name = "destination-misdirected" if 300 <= status < 400 else "destination-refused"
    return Taken(Problem(name, detail=str(status)), str(status), min(wait, 86_400))


async def exchanged(client: httpx.AsyncClient, request: httpx.Request) -> Taken:
    """Send a request; the answer's body is not asked for."""
    return (await answered(client, request, 0))[0]


async def answered(client: httpx.AsyncClient, request: httpx.Request, most: int) -> tuple[Taken, bytes]:
    """Send a request; ``most`` bytes of the answer's body with it, b'' where there are more."""
    body = b""
    try:
        async with asyncio.timeout(2 * PATIENCE):
            answer = await client.send(request, stream=True)
            try:
                if most:
                    async for part in answer.aiter_bytes():
                        body += part
                        if len(body) > most:
                            body = b""
                            break
            finally:
                await answer.aclose()
    except UNTAKEN:
        return Taken(Problem("destination-unavailable")), b""
    except (httpx.HTTPError, TimeoutError, OSError):
        return Taken(Problem("destination-unanswered")), b""
    except (httpx.InvalidURL, UnicodeError):
        return Taken(Problem("destination-misdirected")), b""
    return judged(answer.status_code, answer.headers.get("retry-after", "")), body
