"""Which of several backends takes a connection: one that is ready and has the fewest; where none is ready, any that listens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

EVERY: Final = 0.25
"""Seconds between two looks at a backend."""
PATIENCE: Final = 1.0
"""Seconds for a connection."""
LOOKING: Final = 3.0
"""Seconds for an answer to a look."""
FALL: Final = 2
"""Looks that go wrong, one after another, before a backend counts as down; a connection that is refused is enough alone."""
LOOK: Final = b"GET /health/ready?stopping=404 HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
OK: Final = 200
LEAVING: Final = 404
NOBODY: Final = -1
CHUNK: Final = 1 << 16
Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Backend:
    """One process of the engine at one of its ports; ``check`` is the port of its HTTP, where ``/health/ready`` is; ``fall`` how
    many looks go wrong before it is down."""

    def __init__(self, name: str, port: int, check: int, fall: int = FALL) -> None:
        self.name, self.port, self.check, self.fall = name, port, check, fall
        self.up = False
        self.leaving = False
        """It stops soon: it is given nothing new, and what it has goes on."""
        self.links: set[asyncio.StreamWriter] = set()
        self._wrong = 0

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Ask once; a backend that goes down loses its connections, so that whoever waits on one tries again."""
        status = await self._status()
        self._wrong = 0 if status in (OK, LEAVING) else self._wrong + 1
        if not self._wrong:
            self.up, self.leaving = status == OK, status == LEAVING
        elif status == NOBODY or self._wrong >= self.fall:
            self.down()

    def down(self) -> None:
        """It takes nothing more, and what it has is cut."""
        if self.up or self.leaving:
            self.up = self.leaving = False
            for writer in self.links:
                writer.transport.abort()

    async def _status(self) -> int:
        """What it says; NOBODY where nobody listens, 0 where nothing comes."""
        try:
            async with asyncio.timeout(LOOKING):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.check)
                try:
                    writer.write(LOOK)
                    said = (await reader.readline()).split(b" ")
                    return int(said[1]) if len(said) > 1 and said[1].isdigit() else 0
                finally:
                    writer.close()
        except ConnectionRefusedError:
            return NOBODY
        except (OSError, TimeoutError):
            return 0

    async def open(self) -> Link:
        """A connection; raises OSError, TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            link = await asyncio.open_connection("127.0.0.1", self.port, limit=CHUNK)
        self.links.add(link[1])
        return link

    def close(self, writer: asyncio.StreamWriter) -> None:
        """A connection is done with."""
        self.links.discard(writer)
        writer.close()


def order(backends: Iterable[Backend]) -> list[Backend]:
    """In which order they are tried."""
    return sorted(backends, key=lambda each: (not each.up, not each.leaving, len(each.links)))


async def reach(backends: Iterable[Backend]) -> tuple[Backend, Link] | None:
    """A connection to the first that takes one; None where none does."""
    for backend in order(backends):
        with suppress(OSError, TimeoutError):
            return backend, await backend.open()
    return None


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything from one side to the other, until it ends."""
    while piece := await reader.read(CHUNK):
        writer.write(piece)
        await writer.drain()
