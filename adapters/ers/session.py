"""Requests to the service: signed on, tried again where that may help, and no longer than that."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from adapters.ers.resources import LIMIT
from adapters.ers.settings import Settings, secret
from interop.errors import Problem

if TYPE_CHECKING:
    import httpx

ACCEPT: Final = "application/fhir+json"
LONGEST_WAIT: Final = 60.0
"""Seconds; a source that wants a longer pause is left alone until the next pull."""
_EARLY: Final = 30.0
Query = Sequence[tuple[str, str]]
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with a resource: its JSON value and when it was given."""

    value: dict[str, Any]
    at: datetime


class _Again(Exception):
    """Worth another try; ``after`` seconds where the service says so."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


class Session:
    """One pull's requests. Use as an asynchronous context; raises ValueError where a credential is not set."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._token, self._until = "", 0.0
        self._headers = {"Accept": ACCEPT}
        if settings.organisation:
            self._headers["NHSD-End-User-Organisation-ODS"] = settings.organisation
        if settings.function:
            self._headers["NHSD-eRS-Business-Function"] = settings.function
        if settings.session:
            self._headers |= {"HTTP_X_SESSION_KEY": secret(settings.session)}
        if settings.asid:
            self._headers |= {"XAPI_ASID": secret(settings.asid)}
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Session:
        import httpx

        self._client = httpx.AsyncClient(timeout=self._settings.timeout, headers=self._headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def get(self, path: str, query: Query | None = None) -> Answer:
        """Read a resource; raises Problem as ``ask`` does."""
        return await self.ask("GET", path, query=query)

    async def ask(self, method: str, path: str, *, query: Query | None = None, body: dict[str, Any] | None = None) -> Answer:
        """One request, all of them reads; raises Problem ``not-found``, ``stale-version``, ``source-error`` for what is wrong with
        this one, ``source-denied``, ``source-busy``, ``source-unavailable``, ``source-timeout`` for the service as a whole."""
        import stamina

        last = "source-unavailable"
        try:
            async for attempt in stamina.retry_context(
                on=_when,
                attempts=self._settings.attempts,
                timeout=None,
                wait_initial=1.0,
                wait_max=LONGEST_WAIT,
                wait_jitter=1.0,
            ):
                with attempt:
                    return await self._once(method, path, query, body)
        except _Again as again:
            last = again.reason
        raise Problem(last)

    async def _once(self, method: str, path: str, query: Query | None, body: dict[str, Any] | None) -> Answer:
        import httpx

        try:
            response = await self._sent(method, path, query, body, renew=False)
            if response.status_code == 401 and self._settings.token_url:
                response = await self._sent(method, path, query, body, renew=True)
        except httpx.TimeoutException:
            raise _Again("source-timeout") from None
        except httpx.TransportError:
            raise _Again("source-unavailable") from None
        return _judge(response)

    async def _sent(
        self, method: str, path: str, query: Query | None, body: dict[str, Any] | None, *, renew: bool
    ) -> httpx.Response:
        assert self._client is not None
        headers = {"X-Correlation-ID": str(uuid4())}
        if token := await self._bearer(renew):
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = ACCEPT
        address = f"{self._settings.url.rstrip('/')}/{path}"
        return await self._client.request(method, address, params=list(query) if query else None, json=body, headers=headers)

    async def _bearer(self, renew: bool) -> str:
        """The token: as it was given, or by OAuth 2.0 client credentials (RFC 6749, 4.4) until shortly before it expires."""
        if self._settings.token:
            return secret(self._settings.token)
        if not self._settings.token_url or (self._token and not renew and time.monotonic() < self._until):
            return self._token
        assert self._client is not None
        form = {"grant_type": "client_credentials", "client_id": self._settings.client_id}
        if self._settings.client_secret:
            form["client_secret"] = secret(self._settings.client_secret)
        if self._settings.client_assertion:
            form |= {"client_assertion_type": _ASSERTION, "client_assertion": secret(self._settings.client_assertion)}
        response = await self._client.post(self._settings.token_url, data=form, headers={"Accept": "application/json"})
        if response.status_code in (400, 401, 403):
            raise Problem("source-denied", detail=f"HTTP {response.status_code} from the token address")
        said = _value(_judged(response))
        token, lasts = said.get("access_token"), said.get("expires_in", 300)
        if not isinstance(token, str) or not token:
            raise Problem("source-denied", detail="no token in the answer of the token address")
        seconds = float(lasts) if re.fullmatch(r"\d{1,7}", str(lasts)) else 300.0
        self._token, self._until = token, time.monotonic() + max(seconds - _EARLY, 0.0)
        return token


def _when(error: Exception) -> bool | float:
    """Whether to try again, and after how long where the service says it."""
    if not isinstance(error, _Again):
        return False
    return True if error.after is None else error.after


def _judge(response: httpx.Response) -> Answer:
    value = _value(_judged(response))
    if value.get("resourceType") == "OperationOutcome":
        raise Problem("source-error", detail=_codes(value))
    return Answer(value, _time(response))


def _judged(response: httpx.Response) -> httpx.Response:
    """The response where it is a good one; raises Problem, or ``_Again`` where another try may help."""
    status = response.status_code
    if 200 <= status < 300:
        return response
    if status == 429 or status in (500, 502, 503, 504):
        after = _pause(response)
        reason = "source-busy" if status == 429 else "source-timeout" if status == 504 else "source-unavailable"
        if after is not None and after > LONGEST_WAIT:
            raise Problem(reason, detail=f"it asks for a pause of {after:.0f} seconds")
        raise _Again(reason, after)
    if status in (401, 403):
        raise Problem("source-denied", detail=f"HTTP {status}")
    if status in (404, 410):
        raise Problem("not-found")
    if status in (409, 412):
        raise Problem("stale-version")
    try:
        said = _codes(_value(response))
    except Problem:
        said = ""
    raise Problem("source-error", detail=f"HTTP {status} {said}".strip())


def _value(response: httpx.Response) -> dict[str, Any]:
    from interop.formats.json import load_json

    if len(response.content) > LIMIT:
        raise Problem("source-error", detail=f"an answer of more than {LIMIT} bytes")
    try:
        value = load_json(response.content)
    except Problem:
        raise Problem("source-error", detail="an answer that is no JSON") from None
    if not isinstance(value, dict):
        raise Problem("source-error", detail="an answer that is no resource")
    return value


def _codes(outcome: dict[str, Any]) -> str:
    """The codes of an OperationOutcome; its words may name the patient."""
    from interop.formats.json import as_node

    codes = [issue.text("details/coding/code") or issue.text("code") for issue in as_node(outcome).kids.get("issue", ())]
    return " ".join(code for code in codes if code and re.fullmatch(r"[\w-]{1,64}", code, re.ASCII))


def _pause(response: httpx.Response) -> float | None:
    """Retry-After in seconds: a number or a date (RFC 9110, 10.2.3)."""
    said = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", said):
        return float(said)
    if (at := _date(said)) is not None:
        return max((at - datetime.now(UTC)).total_seconds(), 0.0)
    return None


def _time(response: httpx.Response) -> datetime:
    return _date(response.headers.get("date", "")) or datetime.now(UTC)


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
