"""A client's end of a websocket on loopback, which may be slow, silent or cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import wsproto
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Message,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)


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
        self.pings = self.pongs = 0
        self.closed = 0

    async def ask(self, port: int, headers: dict[str, str], path: str) -> None:
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._writer.write(self._wire.send(Request(host=f"127.0.0.1:{port}", target=path, extra_headers=extra)))
        async with asyncio.timeout(20):
            while True:
                self._wire.receive_data(await self._reader.read(65_536) or None)
                for event in self._wire.events():
                    if isinstance(event, AcceptConnection):
                        return
                    if isinstance(event, RejectConnection):
                        raise Refused(event.status_code)

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
            if isinstance(event, TextMessage):
                self._part += event.data
                if event.message_finished:
                    self._texts.append(self._part)
                    self._part = ""
            elif isinstance(event, Ping):
                self.pings += 1
                if not self.silent:
                    self._writer.write(self._wire.send(event.response()))
            elif isinstance(event, Pong):
                self.pongs += 1
            elif isinstance(event, CloseConnection):
                self.closed = event.code
                if self._wire.state is ConnectionState.REMOTE_CLOSING:
                    self._writer.write(self._wire.send(event.response()))
        return True

    def ping(self) -> None:
        self._writer.write(self._wire.send(Ping(payload=b"are you there")))

    def cut(self) -> None:
        """The network is gone."""
        self._writer.transport.abort()


@asynccontextmanager
async def connected(port: int, token: str = "", path: str = "/websocket", **headers: str) -> AsyncIterator[Client]:
    """A socket until the block ends; raises Refused."""
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    try:
        said = {"Authorization": f"Bearer {token}"} if token else {}
        await client.ask(port, {**said, **headers}, path)
        yield client
    finally:
        client.cut()
