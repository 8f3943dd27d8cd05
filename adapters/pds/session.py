"""Requests to the service: signed on, tried again where that may help, and left alone for a while where it fails again and again.

An address of the service holds an NHS number or names: none of them is in a log, a Problem or a metric. The HTTP library's own
lines, which tell addresses, are turned off.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode
from uuid import uuid4

from adapters.pds.tokens import Tokens
from interop.errors import Problem

if TYPE_CHECKING:
    import httpx

ACCEPT: Final = "application/fhir+json"
ATTEMPTS: Final = 3
LONGEST_WAIT: Final = 10.0
"""Seconds; where the service wants a longer pause, whoever asked is told so at once."""
FAILURES: Final = 5
"""Failures of the service in a row after which it is not asked for a while."""
REST: Final = 60
"""Seconds of that."""
LARGEST: Final = 1024 * 1024
"""Bytes of an answer."""
_SECOND: Final = 1_000_000
_WHOLE: Final = frozenset({"source-busy", "source-unavailable", "source-timeout", "source-denied"})
Query = Sequence[tuple[str, str]]


class _Again(Exception):
    """Worth another try; ``after`` seconds where the service says so."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


class Session:
    """Requests to one address. ``calls`` counts them by outcome. A request that is tried again keeps its X-Request-ID, by which the
    service knows that it is the same."""

    def __init__(self, base: str, tokens: Tokens | None, now: Callable[[], int], timeout: float) -> None:
        self._base, self._tokens, self._now, self._timeout = base, tokens, now, timeout
        self._client: httpx.AsyncClient | None = None
        self._failures, self._resting, self._asked_for = 0, 0, ""
        self.calls: Counter[str] = Counter()
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)

    async def close(self) -> None:
        """Let connections go."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def get(self, path: str, query: Query = ()) -> tuple[int, dict[str, Any]]:
        """200 or 404 and the resource that came with it; raises Problem as ``Demographics`` does."""
        import stamina

        if self._now() < self._resting:
            self.calls["resting"] += 1
            raise Problem(self._asked_for, detail="it is left alone for a while")
        traced = {"X-Request-ID": str(uuid4()), "X-Correlation-ID": str(uuid4())}
        last = _Again("source-unavailable")
        try:
            async for attempt in stamina.retry_context(
                on=_when, attempts=ATTEMPTS, timeout=None, wait_initial=0.5, wait_max=LONGEST_WAIT, wait_jitter=0.5
            ):
                with attempt:
                    found = await self._once(path, query, traced)
                    self._failures = 0
                    return found
        except _Again as again:
            last = again
        except Problem as problem:
            self.calls[problem.reason.name] += 1
            if problem.reason.name in _WHOLE:
                self._failed(problem.reason.name, None)
            raise
        self._failed(last.reason, last.after)
        raise Problem(last.reason)

    def _failed(self, reason: str, after: float | None) -> None:
        self._failures += 1
        pause = max(after or 0.0, REST if self._failures >= FAILURES else 0.0)
        if pause:
            self._resting, self._asked_for = self._now() + int(min(pause, 3600.0) * _SECOND), reason

    async def _once(self, path: str, query: Query, traced: dict[str, str]) -> tuple[int, dict[str, Any]]:
        import httpx

        try:
            response = await self._sent(path, query, traced)
            if response.status_code == 401 and self._tokens is not None:
                self.calls["renewed"] += 1
                self._tokens.forget()
                response = await self._sent(path, query, traced)
        except httpx.TimeoutException:
            self.calls["source-timeout"] += 1
            raise _Again("source-timeout") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            self.calls["source-unavailable"] += 1
            raise _Again("source-unavailable") from None
        if response.status_code == 404:
            return 404, _value(response)
        return response.status_code, _value(self._judged(response))

    async def _sent(self, path: str, query: Query, traced: dict[str, str]) -> httpx.Response:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._timeout, follow_redirects=False, headers={"Accept": ACCEPT})
        headers = dict(traced)
        if self._tokens is not None:
            headers["Authorization"] = f"Bearer {await self._tokens.bearer(self._client, self._judged)}"
        url = f"{self._base}/{path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        async with self._client.stream("GET", url, headers=headers) as response:
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    raise Problem("source-error", detail=f"an answer of more than {LARGEST} bytes")
        return httpx.Response(response.status_code, headers=_plain(response.headers), content=body)

    def _judged(self, response: httpx.Response) -> httpx.Response:
        """The response where it is a good one; raises Problem, or ``_Again`` where another try may help."""
        status = response.status_code
        if status == 200:
            return response
        if status in (408, 429) or status >= 500:
            after = self._pause(response)
            reason = "source-busy" if status == 429 else "source-timeout" if status in (408, 504) else "source-unavailable"
            self.calls[reason] += 1
            if after is not None and after > LONGEST_WAIT:
                raise _Ended(reason, after)
            raise _Again(reason, after)
        if status in (401, 403):
            raise Problem("source-denied", detail=f"HTTP {status}")
        try:
            said = codes(_value(response))
        except Problem:
            said = ""
        raise Problem("source-error", detail=f"HTTP {status} {said}".strip())

    def _pause(self, response: httpx.Response) -> float | None:
        """Retry-After in seconds: a number or a date (RFC 9110, 10.2.3)."""
        said = response.headers.get("retry-after", "").strip()
        if re.fullmatch(r"\d{1,9}", said, re.ASCII):
            return float(said)
        try:
            at = parsedate_to_datetime(said)
        except ValueError:
            return None
        return max(at.timestamp() - self._now() / _SECOND, 0.0)


class _Ended(_Again):
    """The service wants a longer pause than anyone waits for here."""


def _when(error: Exception) -> bool | float:
    """Whether to try again, and after how long where the service says it."""
    if not isinstance(error, _Again) or isinstance(error, _Ended):
        return False
    return True if error.after is None else error.after


def _plain(headers: httpx.Headers) -> list[tuple[str, str]]:
    """The headers of a body that has been unpacked."""
    return [(name, value) for name, value in headers.items() if name.lower() not in ("content-encoding", "content-length")]


def _value(response: httpx.Response) -> dict[str, Any]:
    from interop.formats.json import load_json

    try:
        value = load_json(response.content)
    except Problem:
        value = None
    if not isinstance(value, dict):
        raise Problem("source-error", detail=f"HTTP {response.status_code}, an answer that is no resource")
    return value


def codes(outcome: dict[str, Any]) -> str:
    """The codes of an OperationOutcome; its words may name the patient."""
    from interop.formats.json import as_node

    found = [issue.text("details/coding/code") or issue.text("code") for issue in as_node(outcome).kids.get("issue", ())]
    return " ".join(code for code in found if code and re.fullmatch(r"[\w-]{1,64}", code, re.ASCII))
