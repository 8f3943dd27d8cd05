"""A running engine and its senders, over real sockets on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from interop.app.engine import Engine
from interop.app.settings import Settings
from interop.store.plan import Deliveries, Messages
from interop.store.values import PENDING, Delivery, Entry

ANY = "127.0.0.1:0"
TIMEOUT = 30.0


def settings(data: Path, **more: Any) -> Settings:
    """Loopback, any free ports, mapping on the loop unless told otherwise."""
    return Settings(**{"data": data, "http": ANY, "mllp": ANY, "mappers": 0, "test_numbers": True, "open": True, **more})


@asynccontextmanager
async def running(data: Path, **more: Any) -> AsyncIterator[Engine]:
    """An engine in this process until the block ends."""
    engine = await Engine.start(settings(data, **more))
    try:
        yield engine
    finally:
        await engine.stop()


class Ack(NamedTuple):
    """An acknowledgement: MSA-1, MSA-2, MSA-3 with the ERR segment."""

    code: str
    control: str
    text: str


class Mllp:
    """A sender on one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Mllp:
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 24))

    async def ask(self, body: bytes) -> Ack | None:
        """Send one message and wait for what is said of it; None where the connection was closed instead."""
        self.send(body)
        return await self.answer()

    def send(self, body: bytes) -> None:
        self.writer.write(b"\x0b" + body + b"\x1c\r")

    async def answer(self) -> Ack | None:
        try:
            block = await asyncio.wait_for(self.reader.readuntil(b"\x1c\r"), TIMEOUT)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return read(block)

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


def read(block: bytes) -> Ack:
    """An acknowledgement from its block."""
    text = block.strip(b"\x0b\x1c\r").decode("latin-1")
    separator = text[3]
    segments = {line[:3]: line.split(separator) for line in text.split("\r")}
    msa = segments["MSA"]
    return Ack(msa[1], msa[2], separator.join(msa[3:] + segments.get("ERR", [])))


@asynccontextmanager
async def sender(port: int) -> AsyncIterator[Mllp]:
    """A connection until the block ends."""
    line = await Mllp.open(port)
    try:
        yield line
    finally:
        await line.close()


async def tell(engine: Engine, *bodies: bytes) -> list[Ack | None]:
    """Send messages one after another on one connection."""
    async with sender(engine.mllp) as line:
        return [await line.ask(body) for body in bodies]


def client(engine: Engine) -> httpx.AsyncClient:
    """An HTTP client of the engine."""
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{engine.http}", timeout=TIMEOUT, trust_env=False)


async def journal(engine: Engine) -> list[Entry]:
    """The journal's entries without their bodies, oldest first."""
    found: list[Entry] = await engine.workshop.store.query(Messages(count=10_000))
    return found[::-1]


async def ingest(http: httpx.AsyncClient, body: bytes, feed: str = "hl7v2") -> httpx.Response:
    """Send by HTTP and wait until it is in the record."""
    return await http.post(f"/ingest/{feed}?wait=applied", content=body)


async def found(http: httpx.AsyncClient, search: str) -> list[dict[str, Any]]:
    """The resources that a search matches, at most one page."""
    answer = await http.get(f"/fhir/{search}")
    assert answer.status_code == 200, answer.text
    return [entry["resource"] for entry in answer.json().get("entry", []) if entry["search"]["mode"] == "match"]


async def quiet(engine: Engine) -> None:
    """Until every message is applied and neither rules, clocks nor queues have anything to do at the time that the engine's clock
    tells; that clock stands still."""
    workers, keeper = engine.outgoing.deliverer.workers, engine.outgoing.keeper
    assert keeper is not None
    async with asyncio.timeout(TIMEOUT):
        while True:
            if not engine.workshop.unfinished and not await _due(engine):
                await keeper.settled()
                if not engine.workshop.unfinished and not await _due(engine):
                    return
            for worker in workers.values():
                worker.wake()
            await asyncio.sleep(0.003)


async def _due(engine: Engine) -> bool:
    rows: list[Delivery] = await engine.workshop.store.query(Deliveries("", PENDING, count=500))
    return any(each.due <= engine.workshop.clock.now() for each in rows)
