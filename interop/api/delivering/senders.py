"""How a delivery is handed over: over HTTP, by a courier of an adapter, or into a directory."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx

from interop.api.delivering.payload import Payload
from interop.clock import Clock
from interop.errors import Problem
from interop.notify.destinations import FILE, SERVER, WEBHOOK
from interop.notify.routes import AS_RECEIVED, FHIR_MESSAGE
from interop.ports import Carrier, Courier, Destination, Parcel
from interop.ports.destination import Returned
from interop.ports.destination import Taken as Taken
from interop.ports.exchange import PATIENCE as PATIENCE
from interop.ports.exchange import exchanged
from interop.store.directory import make_directory


class Sends(Protocol):
    """Hands deliveries over, one after the other."""

    async def send(self, payload: Payload) -> Taken:
        """Never raises for what the other side does."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


def sender_of(destination: Destination, carriers: Mapping[str, Carrier], returned: Returned, clock: Clock) -> Sends:
    """How a destination is sent to; ``returned`` is told of acknowledgements that come by themselves. Raises ValueError where
    nobody carries there, or not so."""
    if destination.kind == FILE:
        return Directory(Path(destination.address))
    if destination.kind in (WEBHOOK, SERVER):
        return Web(destination)
    carrier = carriers.get(destination.kind)
    if carrier is None:
        raise ValueError(f"[{destination.name}]: no adapter carries to {destination.kind}")
    try:
        return Carried(carrier.courier(destination, returned, clock.now))
    except ValueError as error:
        raise ValueError(f"[{destination.name}]: {error}") from None


@dataclass(slots=True)
class Carried:
    """What an adapter carries in its own protocol."""

    courier: Courier

    async def send(self, payload: Payload) -> Taken:
        """As ``Sends``."""
        return await self.courier.carry(parcel_of(payload))

    async def close(self) -> None:
        """As ``Sends``."""
        await self.courier.close()


def parcel_of(payload: Payload) -> Parcel:
    """What an adapter may know of a payload."""
    return Parcel(payload.id, payload.body, payload.media_type, payload.traceparent, payload.to, payload.subject, payload.again)


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
                    verify=self.destination.tls() if secure else True, timeout=PATIENCE, follow_redirects=False, trust_env=False
                )
            headers = {"content-type": payload.media_type, "idempotency-key": payload.id}
            if payload.traceparent:
                headers["traceparent"] = payload.traceparent
            if token := self.destination.secret():
                headers["authorization"] = f"Bearer {token}"
            method, address, body = self._meant(payload)
            request = self._client.build_request(method, address, content=body, headers=headers)
        except (OSError, ssl.SSLError, UnicodeError):
            return Taken(Problem("destination-denied", detail="a file of the destination cannot be used"))
        if payload.deleted and not payload.body and self.destination.kind != SERVER:
            return Taken(code="nothing to send")
        taken = await exchanged(self._client, request)
        if taken.problem is not None and taken.problem.reason.retry != "permanent":
            await self.close()  # certificates are read anew, since they may have been changed
        if method == "DELETE" and taken.code in ("404", "410"):
            return Taken(code=taken.code)
        return taken

    def _meant(self, payload: Payload) -> tuple[str, str, bytes]:
        """Method, address and body."""
        address = self.destination.address
        if self.destination.kind != SERVER:
            return "POST", address, payload.body
        if payload.format == FHIR_MESSAGE:
            return "POST", f"{address}/$process-message", payload.body
        address = f"{address}/{'/'.join(payload.about)}"
        return ("DELETE", address, b"") if payload.deleted else ("PUT", address, payload.body)


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
