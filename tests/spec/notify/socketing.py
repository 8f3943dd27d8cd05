"""A client's end of a websocket on loopback, which may be slow, silent or cut off; what it binds."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import wsproto
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

HEAD = b"GET /websocket HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
KEY = b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
READ = b"GET /fhir/Patient/nobody HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"


class Refused(Exception):
    """The upgrade was answered otherwise."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Client:
    """``silent``: it answers no ping, as one whose program hangs. ``closed`` is the code with which the server ended it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._wire = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._texts: list[str] = []
        self._part = ""
        self.silent = False
        self.crosses = ""
        """What it says just before it answers the next ping."""
        self.pings = self.pongs = 0
        self.closed = 0

    async def ask(self, port: int, headers: dict[str, str], path: str) -> None:
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._writer.write(self._wire.send(Request(host=f"127.0.0.1:{port}", target=path, extra_headers=extra)))
        accepted = False
        async with asyncio.timeout(20):
            while not accepted:
                self._wire.receive_data(await self._reader.read(65_536) or None)
                for event in self._wire.events():  # what is said at once may come along
                    if isinstance(event, RejectConnection):
                        raise Refused(event.status_code)
                    accepted = accepted or isinstance(event, AcceptConnection)
                    await self._take(event)

    def say(self, text: str) -> None:
        self._writer.write(self._wire.send(Message(data=text)))

    async def hear(self) -> str:
        """The next text; '' where the server has ended."""
        async with asyncio.timeout(20):
            while not self._texts:
                if not await self._more():
                    return ""
            return self._texts.pop(0)

    async def told(self) -> Any:
        """The next text as JSON."""
        return orjson.loads(await self.hear())

    async def pinged(self) -> None:
        """Wait until a ping has come that was not answered."""
        async with asyncio.timeout(20):
            while not self.pings:
                assert await self._more()

    async def _more(self) -> bool:
        if self.closed:
            return False
        data = await self._reader.read(65_536)
        if not data:
            return False
        self._wire.receive_data(data)
        for event in self._wire.events():
            await self._take(event)
        return True

    async def _take(self, event: Event) -> None:
        if isinstance(event, TextMessage):
            self._part += event.data
            if event.message_finished:
                self._texts.append(self._part)
                self._part = ""
        elif isinstance(event, Ping):
            self.pings += 1
            if self.crosses:
                self.say(self.crosses)
                self.crosses = ""
                await asyncio.sleep(0.05)  # in a segment of its own
            if not self.silent:
                self._writer.write(self._wire.send(event.response()))
        elif isinstance(event, Pong):
            self.pongs += 1
        elif isinstance(event, CloseConnection):
            self.closed = event.code
            if self._wire.state is ConnectionState.REMOTE_CLOSING:
                self._writer.write(self._wire.send(event.response()))

    async def flood(self, full: Callable[[], bool]) -> None:
        """Ask for pongs and read none, until the server's end is full."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]
        asked = self._wire.send(Ping(payload=b"x" * 125)) * 500
        async with asyncio.timeout(20):
            while not full():
                if self._writer.transport.get_write_buffer_size() < 65_536:
                    self._writer.write(asked)
                await asyncio.sleep(0)

    def close(self) -> None:
        """Say that it has ended, and read nothing more."""
        self._writer.write(self._wire.send(CloseConnection(code=1000)))

    def ping(self) -> None:
        self._writer.write(self._wire.send(Ping(payload=b"are you there")))

    def cut(self) -> None:
        """The network is gone."""
        self._writer.transport.abort()


@asynccontextmanager
async def connected(
    port: int, token: str = "", path: str = "/websocket", *, small: bool = False, **headers: str
) -> AsyncIterator[Client]:
    """A socket until the block ends, ``small`` with little room for what is not read; raises Refused."""
    raw = socket.socket()
    if small:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    client = Client(*await asyncio.open_connection(sock=raw))
    try:
        said = {"Authorization": f"Bearer {token}"} if token else {}
        await client.ask(port, {**said, **headers}, path)
        yield client
    finally:
        client.cut()


def by_socket(criteria: str = "Encounter?status=in-progress", **more: Any) -> dict[str, Any]:
    said = {"resourceType": "Subscription", "status": "requested", "reason": "ward board", "criteria": criteria}
    return {**said, "channel": {"type": "websocket"}, **more}


async def bound(socket: Client, id: str) -> None:
    socket.say(f"bind {id}")
    assert await socket.hear() == f"bound {id}"


async def answers(port: int, sent: bytes, until: bytes) -> list[int]:
    """The statuses of what comes back, up to one that holds this."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    came = b""
    async with asyncio.timeout(20):
        while until not in came and (data := await reader.read(65_536)):
            came += data
    writer.close()
    return [int(each[:3]) for each in came.split(b"HTTP/1.1 ")[1:]]
