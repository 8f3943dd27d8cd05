"""The HTTP server, to be started and stopped inside an event loop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from interop.api.asgi import Asgi
from interop.api.bounded import PATIENCE, BoundedConnection
from interop.api.connection import Connection, PromptConnection, Serving
from interop.api.sockets.protocol import MESSAGE_BYTES, SocketProtocol
from interop.background import Background, within

SILENCE = 75
"""Seconds after which a connection that is not used is closed: later than clients' own pools do it, for a request that crosses
the close fails."""
GRACE = 5.0
"""Seconds that requests under way are given when the server stops."""
QUIET = 0.05
"""Seconds for which a connection must be idle to be closed when the server stops: a request may be on its way."""
SOON = 0.005
"""Seconds between looks at whether they have ended."""
ROUND = 10
"""Seconds between looks at which requests do not become whole."""


class HttpServer:
    """Serves one application; ``port`` 0 takes any free one, ``port`` tells which after ``start``. ``prompt``: reads by id are
    answered without a task of their own (the store answers them at once); ``tls``: over HTTPS."""

    def __init__(self, app: Asgi, host: str, port: int, *, prompt: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self.app, self.host, self.port, self.prompt, self.tls = app, host, port, prompt, tls
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._watching = Background()

    async def start(self) -> None:
        """Open the port; raises OSError where that cannot be done."""
        listening = _listen(self.host, self.port)
        self.port = listening.getsockname()[1]
        config = Serving(
            self.app,
            http=PromptConnection if self.prompt else Connection,
            ws=SocketProtocol,
            ws_max_size=MESSAGE_BYTES,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="critical",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=SILENCE,
        )
        config.load()
        config.ssl = self.tls
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve([listening]))
        waiting = asyncio.create_task(self._server.up.wait())
        await asyncio.wait((self._serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        if self._serving.done():
            waiting.cancel()
            self._serving.result()
            raise OSError(f"the HTTP server ended while it started on port {self.port}")
        self._watching.start(self._watch())

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._server.server_state.connections) if self._server is not None else 0

    def expire(self, before: float) -> None:
        """End connections on which a request began before then, by the loop's time, and is not whole."""
        for connection in list(self._server.server_state.connections) if self._server is not None else ():
            if isinstance(connection, BoundedConnection):
                connection.expire(before)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(ROUND)
            self.expire(asyncio.get_running_loop().time() - PATIENCE)

    def leave(self) -> None:
        """Say with each answer that the connection ends with it; take requests still."""
        if self._server is not None:
            self._server.leaving.leaving = True

    async def stop(self, grace: float = GRACE) -> None:
        """Take no more, let requests end within ``grace`` seconds, close."""
        await self._watching.stop()
        if self._server is not None and self._serving is not None:
            self._server.grace = grace
            self._server.leave()
            await self._serving
            self._server = self._serving = None


class _Server(uvicorn.Server):
    """Leaves signals to the embedding process, tells when it is up and leaves when it is told to."""

    def __init__(self, config: Serving) -> None:
        super().__init__(config)
        self.leaving, self.grace = config, GRACE
        self.up = asyncio.Event()
        self._told = asyncio.Event()

    def leave(self) -> None:
        """End the loop that ``serve`` runs; it ends in order."""
        self.should_exit = True
        self._told.set()

    async def main_loop(self) -> None:
        """Write the date of answers once a second, until told to leave."""
        while not await self.on_tick(0):
            await within(self._told, 1)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no connection more, let those that are there end, but not for ever."""
        for each in (*self.servers, *(sockets or ())):
            each.close()
        self.leaving.leaving = True
        for socket_ in [each for each in self.server_state.connections if isinstance(each, SocketProtocol)]:
            socket_.shutdown()
        state, quiet = self.server_state, asyncio.get_running_loop().time() + QUIET
        try:
            async with asyncio.timeout(self.grace):
                while state.connections or state.tasks:
                    over = asyncio.get_running_loop().time() >= quiet
                    for connection in [each for each in state.connections if isinstance(each, Connection)]:
                        connection.leave()
                        if over and connection.idle:
                            connection.transport.close()
                    await asyncio.sleep(SOON)
        except TimeoutError:
            for task in state.tasks:
                task.cancel()
            for left in list(state.connections):
                with suppress(RuntimeError):  # it is closed
                    left.transport.abort()


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound: Any = address
        listening.bind(bound)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening
