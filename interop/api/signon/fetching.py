"""Keys and settings of other servers: fetched over HTTP, bounded in time, size and number, and kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import structlog

from interop.clock import MICROSECONDS, Clock
from interop.signon.keys import Key, KeySet

LARGEST: Final = 256 * 1024
"""Bytes of an answer."""
PATIENCE: Final = 5.0
"""Seconds for an answer."""
FRESH: Final = 3_600 * MICROSECONDS
"""For so long keys are taken as they are."""
STALE: Final = 24 * 3_600 * MICROSECONDS
"""For so long they are taken where the server cannot be reached; a key that was withdrawn there must not live for ever."""
PAUSE: Final = 30 * MICROSECONDS
"""Between two fetches: an unknown key id makes one at most, however many tokens name it."""
_ACCEPT: Final = {"accept": "application/json"}
Headers = Mapping[str, str]
_NONE: Final[Headers] = {}
_log = structlog.get_logger("interop.signon")


class Unreachable(Exception):
    """The server does not answer with what is wanted."""


class Declined(Unreachable):
    """The server refuses what it was asked for (400, 401)."""


class Fetcher:
    """Fetches JSON objects; follows no redirects."""

    def __init__(self, client: Callable[[], httpx.AsyncClient] | None = None) -> None:
        self._make = client or (lambda: httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False))
        self._client: httpx.AsyncClient | None = None

    async def object(self, url: str, headers: Headers = _NONE) -> dict[str, Any]:
        """The JSON object at an address; raises Unreachable. In a task of its own: a request that is answered at once has none."""
        return await asyncio.create_task(self._object("GET", url, headers))

    async def posted(self, url: str, form: dict[str, str], headers: Headers = _NONE) -> dict[str, Any]:
        """The JSON object that a form is answered with; raises Unreachable."""
        return await asyncio.create_task(self._object("POST", url, headers, form))

    async def _object(self, method: str, url: str, headers: Headers, form: dict[str, str] | None = None) -> dict[str, Any]:
        if self._client is None:
            self._client = self._make()
        try:
            async with asyncio.timeout(2 * PATIENCE):
                async with self._client.stream(method, url, headers={**_ACCEPT, **headers}, data=form) as answer:
                    if answer.status_code in (400, 401):
                        raise Declined(f"status {answer.status_code}")
                    if answer.status_code != 200:
                        raise Unreachable(f"status {answer.status_code}")
                    body = b""
                    async for chunk in answer.aiter_bytes():
                        body += chunk
                        if len(body) > LARGEST:
                            raise Unreachable("too large")
            said = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, RecursionError) as error:
            raise Unreachable(type(error).__name__) from error
        if not isinstance(said, dict):
            raise Unreachable("no object")
        return said

    async def close(self) -> None:
        """Let connections go."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


class RemoteKeys:
    """The key set of another server, fetched when it is wanted, again after an hour, and for a key id that is not known."""

    def __init__(self, url: Callable[[], Any], fetcher: Fetcher, clock: Clock) -> None:
        self._url, self._fetcher, self._clock = url, fetcher, clock
        self._keys = KeySet()
        self._got = self._tried = -STALE
        self._fetching = asyncio.Lock()

    async def find(self, kid: str, algorithm: str) -> Key | None:
        """The key; None where the server has none of that id. Raises Unreachable where its keys cannot be had."""
        now = self._clock.now()
        if now - self._got < FRESH:
            found = self._keys.find(kid, algorithm)
            if found is not None:
                return found
        await self._fetch()
        if self._clock.now() - self._got >= STALE:
            raise Unreachable("no keys")
        return self._keys.find(kid, algorithm)

    async def _fetch(self) -> None:
        asked = self._clock.now()
        async with self._fetching:
            if self._got > asked or asked - self._tried < PAUSE:
                return
            self._tried = asked
            try:
                self._keys = KeySet(await self._fetcher.object(await self._url()))
                self._got = self._clock.now()
            except Unreachable as problem:
                _log.warning("keys of an issuer cannot be fetched", why=str(problem))
