"""A receiver over MLLP on loopback that keeps what it gets and answers as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from adapters.hl7v2.framing import Decoder, frame
from conformance.topology.process import free_ports

Answer = str | None
"""MSA-1; '' = the connection ends instead, None = nothing is said."""


def ack(body: bytes, code: str, facility: str = "RX2", more: str = "") -> bytes:
    """An acknowledgement of a message, at whatever level."""
    _, _, application, from_, *rest = (part.decode("latin-1") for part in body.split(b"|", 10))
    control = rest[5]
    mode = "|||AL|NE" if more == "AL" else ""
    header = f"MSH|^~\\&|PAS2|{facility}|{application}|{from_}|20260105101501||ACK^A01^ACK|A{control}{code}|P|2.4{mode}"
    return f"{header}\rMSA|{code}|{control}\r".encode()


class Listening:
    """``answers`` are said in turn, the last for ever; ``more`` is what is said of a message after its answer; ``err`` is a
    segment at the end of its answer; ``connections`` counts those that were opened."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.answers: list[Answer] = ["AA"]
        self.more: Callable[[bytes], list[bytes]] = lambda body: []
        self.err = ""
        self.connections = 0
        (self.port,) = free_ports(1)  # which nobody is given while it does not listen
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"mllp://127.0.0.1:{self.port}"

    @property
    def controls(self) -> list[str]:
        """MSH-10 of what has come."""
        return [body.split(b"|")[9].decode() for body in self.got]

    async def until(self, count: int) -> list[bytes]:
        """Wait until so many messages have come."""
        async with asyncio.timeout(20):
            while len(self.got) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.got

    async def begin(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)

    async def end(self) -> None:
        """Listen no more and let every connection go."""
        if self._server is not None:
            self._server.close()
        await self.drop()

    async def drop(self) -> None:
        """Let every connection go."""
        for writer in list(self._open):
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        decoder = Decoder()
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                for body in decoder.feed(data):
                    self.got.append(body)
                    code = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                    self._changed.set()
                    if code == "":
                        writer.close()
                    elif code is not None:
                        writer.write(frame(ack(body, code) + self.err.encode()))
                        for each in self.more(body):
                            writer.write(frame(each))
        self._open.discard(writer)
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Listening]:
    """A receiver until the block ends."""
    made = Listening()
    await made.begin()
    try:
        yield made
    finally:
        await made.end()
