"""How a delivery is handed over: over HTTP, MLLP or into a directory."""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import httpx

from interop.api.delivering.payload import Payload
from interop.errors import Problem
from interop.notify.destinations import FILE, MLLP, SERVER, Destination
from interop.notify.routes import AS_RECEIVED, FHIR_MESSAGE
from interop.ports import Sender
from interop.store.directory import make_directory

PATIENCE: Final = 30.0
"""Seconds for an answer."""
BUSY: Final = frozenset((408, 425, 429, 502, 503, 504))
UNKNOWN: Final = frozenset((500,))
"""It may have been taken before the other side failed."""
UNTAKEN: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""Nothing of the request has gone out."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the other side said: ``problem`` None = it has it; ``code`` its own (``200``, ``AA``); ``wait`` seconds for which it
    asks."""

    problem: Problem | None = None
    code: str = ""
    wait: int = 0


class Sends(Protocol):
    """Hands deliveries over, one after the other."""

    async def send(self, payload: Payload) -> Taken:
        """Never raises for what the other side does."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


def tls_of(destination: Destination) -> ssl.SSLContext:
    """Whom to trust, and who we are. Raises OSError, ssl.SSLError."""
    context = ssl.create_default_context(cafile=str(destination.authorities) if destination.authorities else None)
    if destination.certificate is not None:
        context.load_cert_chain(destination.certificate, destination.key)
    return context


def sender_of(destination: Destination, mllp: Sender | None) -> Sends:
    """How a destination is sent to; ``mllp`` is who sends over MLLP. Raises ValueError where nobody does."""
    if destination.kind == FILE:
        return Directory(Path(destination.address))
    if destination.kind == MLLP:
        if mllp is None:
            raise ValueError(f"[{destination.name}]: no adapter sends over MLLP")
        return Line(destination, mllp)
    return Web(destination)


def judged(status: int, retry_after: str) -> Taken:
    """An answer over HTTP as the error table has it. Nobody follows a redirect: where it leads was not agreed."""
    wait = int(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0
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
    try:
        async with asyncio.timeout(2 * PATIENCE):
            answer = await client.send(request, stream=True)
            await answer.aclose()
    except UNTAKEN:
        return Taken(Problem("destination-unavailable"))
    except (httpx.HTTPError, TimeoutError, OSError):
        return Taken(Problem("destination-unanswered"))
    except (httpx.InvalidURL, UnicodeError):
        return Taken(Problem("destination-misdirected"))
    return judged(answer.status_code, answer.headers.get("retry-after", ""))


@dataclass(slots=True)
class Web:
    """A webhook, or a FHIR server, of the deployment's choice."""

    destination: Destination
    _client: httpx.AsyncClient | None = field(default=None, init=False)

    async def close(self) -> None:
        """Let connections go."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def send(self, payload: Payload) -> Taken:
        """POST; to a FHIR server PUT, DELETE, or ``$process-message``. ``Idempotency-Key`` is the delivery's id."""
        try:
            if self._client is None:
                secure = self.destination.address.startswith("https:")
                self._client = httpx.AsyncClient(
                    verify=tls_of(self.destination) if secure else True, timeout=PATIENCE, follow_redirects=False, trust_env=False
                )
            headers = {"content-type": payload.media_type, "idempotency-key": payload.id}
            if payload.traceparent:
                headers["traceparent"] = payload.traceparent
            if self.destination.token is not None:
                headers["authorization"] = f"Bearer {self.destination.token.read_text('utf-8').strip()}"
        except (OSError, ssl.SSLError, UnicodeDecodeError):
            return Taken(Problem("destination-denied", detail="a file of the destination cannot be used"))
        method, address = "POST", self.destination.address
        if self.destination.kind == SERVER:
            if payload.format == FHIR_MESSAGE:
                address += "/$process-message"
            else:
                method, address = "DELETE" if payload.deleted else "PUT", f"{address}/{'/'.join(payload.about)}"
        elif payload.deleted and not payload.body:
            return Taken(code="nothing to send")
        body = b"" if method == "DELETE" else payload.body
        taken = await exchanged(self._client, self._client.build_request(method, address, content=body, headers=headers))
        if method == "DELETE" and taken.code in ("404", "410"):
            return Taken(code=taken.code)
        return taken


@dataclass(slots=True)
class Line:
    """HL7 v2 over MLLP: the acknowledgement says what became of it (HL7 v2.4, 2.9.2)."""

    destination: Destination
    sender: Sender

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, payload: Payload) -> Taken:
        """The message as it was received."""
        try:
            tls = tls_of(self.destination) if self.destination.address.startswith("mllps:") else None
        except (OSError, ssl.SSLError):
            return Taken(Problem("destination-denied", detail="a file of the destination cannot be used"))
        try:
            async for answer in self.sender.send(self.destination.address, [payload.body], tls=tls):
                if answer.accepted:
                    return Taken(code=answer.code)
                if not answer.code:
                    return Taken(Problem("destination-unanswered"))
                return Taken(Problem("destination-unavailable" if answer.again else "destination-refused"), answer.code)
        except (OSError, Problem):
            return Taken(Problem("destination-unavailable"))
        return Taken(Problem("destination-unanswered"))


@dataclass(slots=True)
class Directory:
    """A directory: a file each, named by the delivery, whole or not there."""

    place: Path

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, payload: Payload) -> Taken:
        """The same delivery sent again is the same file."""
        try:
            await asyncio.to_thread(self._write, payload)
        except OSError as error:
            return Taken(Problem("destination-unavailable", detail=error.strerror or ""))
        return Taken(code="written")

    def _write(self, payload: Payload) -> None:
        make_directory(self.place)
        kind = "hl7" if payload.format == AS_RECEIVED else "json"
        made = self.place / f".{payload.id}.new"
        with os.fdopen(os.open(made, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(payload.body)
            file.flush()
            os.fsync(file.fileno())
        made.replace(self.place / f"{payload.id}.{kind}")
        folder = os.open(self.place, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
