"""A receiver over HTTP on loopback that keeps what it gets and answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import orjson


class Got(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Receiver:
    """``answers`` are statuses in turn, the last for ever; 0 closes the connection unanswered, -1 answers half a head, -2 never."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: list[int] = [200]
        self.headers = ""
        self.body: Callable[[Got], bytes] = lambda got: b""
        """What is said beside the status."""
        self.port = 0
        self._changed, self._ended = asyncio.Event(), asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in"

    async def until(self, count: int) -> list[Got]:
        """Wait until so many requests have come."""
        await self.sure(lambda: len(self.got) >= count)
        return self.got

    async def sure(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not done():
                self._changed.clear()
                await self._changed.wait()

    async def left(self) -> None:
        """Wait until everybody who was here has gone, with all that they had said."""
        async with asyncio.timeout(20):
            while self._open:
                await asyncio.sleep(0.005)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.got.append(Got(method, path, headers, body))
                status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                self._changed.set()
                if status == -2:
                    await self._ended.wait()
                if status <= 0:
                    writer.write(b"HTTP/1.1 2" if status else b"")
                    break
                body = self.body(self.got[-1])
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{self.headers}\r\n".encode() + body)
                await writer.drain()
        self._open.discard(writer)
        writer.close()

    async def end(self) -> None:
        """Let every connection go."""
        self._ended.set()
        for writer in list(self._open):
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver until the block ends."""
    made = Receiver()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.end()
