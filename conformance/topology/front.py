"""A small front for tests and trials: what deploy/proxy/haproxy.cfg does, for machines without HAProxy, on loopback alone.

python -m conformance.topology.front

It takes the same variables: ``HTTP_BIND``, ``MLLP_BIND``, ``INGEST_1``, ``API_1``, ``MLLP_1``, ``CHECK_1`` and so on.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from conformance.topology.balancing import CHUNK, FALL, Backend, Link, pump, reach

INTAKE: Final = re.compile(rb"/(?:ingest/|(?:itk3?|bars)[/? ])")
"""Addresses of what takes messages in; all others are the api's."""
AGAIN: Final = (b"GET", b"HEAD", b"OPTIONS")
"""Methods that may be asked again of another process."""
CONNECTION: Final = re.compile(rb"\r\n(?:connection|keep-alive):[^\r\n]*(?=\r\n)", re.IGNORECASE)
NOBODY: Final = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
CUT: Final = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
"""Who had the request ended without an answer: it may have worked."""


class Front:
    """The listeners and what is behind them."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self._said = said
        self.ingest, self.api, self.mllp = (self._backends(kind) for kind in ("INGEST", "API", "MLLP"))
        self._servers: list[asyncio.Server] = []
        self._watching: list[asyncio.Task[None]] = []

    def _backends(self, kind: str) -> list[Backend]:
        found = []
        for name in sorted(each for each in self._said if re.fullmatch(rf"{kind}_\d+", each)):
            port = int(self._said[name].rpartition(":")[2])
            check = int(self._said[name.replace(kind, "CHECK")]) if kind == "MLLP" else port
            fall = FALL + 1 if kind == "MLLP" else FALL
            found.append(Backend(name.lower().replace("_", "-"), port, check, fall))
        return found

    async def start(self) -> None:
        """Open the ports; raises OSError."""
        for port, serve in zip(self.ports, (self._http, self._tcp), strict=True):
            self._servers.append(await asyncio.start_server(serve, "127.0.0.1", port, limit=CHUNK))
        self._watching = [asyncio.create_task(each.watch()) for each in (*self.ingest, *self.api, *self.mllp)]

    @property
    def ports(self) -> tuple[int, int]:
        """Of HTTP and of MLLP."""
        return int(self._said["HTTP_BIND"].rpartition(":")[2]), int(self._said["MLLP_BIND"].rpartition(":")[2])

    async def still(self) -> None:
        """Look at nobody any more."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)

    async def stop(self) -> None:
        """Close everything."""
        await self.still()
        for server in self._servers:
            server.close()
        for backend in (*self.ingest, *self.api, *self.mllp):
            backend.down()

    async def _tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """MLLP: a connection stays with the process that took it."""
        found = await reach(self.mllp)
        if found is None:
            writer.transport.abort()
            return
        backend, (there, back) = found
        sides = [asyncio.ensure_future(pump(reader, back)), asyncio.ensure_future(pump(there, writer))]
        try:
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            if sides[0].done() and sides[0].exception() is None and back.can_write_eof():
                with suppress(OSError):
                    back.write_eof()  # the sender has said all; what is due to it still comes
                await asyncio.wait(sides[1:])
        finally:
            for side in sides:
                side.cancel()
            await asyncio.gather(*sides, return_exceptions=True)
            backend.close(back)
            writer.close()

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """HTTP: one request a connection, to a process of the role that its address belongs to."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                head = await reader.readuntil(b"\r\n\r\n")
                method, _, rest = head.partition(b" ")
                group, said = self.ingest if INTAKE.match(rest) else self.api, NOBODY
                left = list(group)
                while left and (found := await reach(left)) is not None:
                    if await _answered(*found, CONNECTION.sub(b"", head), reader, writer):
                        return
                    said = CUT
                    left = [each for each in left if each is not found[0]] if method in AGAIN else []
                writer.write(said)
                await writer.drain()
        finally:
            writer.close()


async def _answered(backend: Backend, link: Link, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Hand a request on; whether anything came back, and was handed on."""
    there, back = link
    back.write(head[:-2] + b"connection: close\r\n\r\n")
    sending = asyncio.ensure_future(pump(reader, back))
    try:
        try:
            first = await there.read(CHUNK)
        except ConnectionResetError:
            return False
        if first:
            writer.write(first)
            await pump(there, writer)
        return bool(first)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        backend.close(back)


async def _main() -> None:
    front, stop = Front(os.environ), asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await front.start()
    await stop.wait()
    await front.stop()


if __name__ == "__main__":
    asyncio.run(_main())
