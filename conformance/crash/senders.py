"""Senders that keep what was acknowledged: over MLLP and HTTP at once, until all of it is or the engine is gone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from conformance.bench.server import FEED
from conformance.generate import hl7v2

MLLP, HTTP = 4, 8
"""Connections of each kind."""
WINDOW = 16
"""Messages that a connection over MLLP has under way."""
END = b"\x1c\r"


def traffic(seed: int, count: int) -> dict[str, bytes]:
    """``count`` generated messages by control id, in the order in which they are sent."""
    return {body.split(b"|", 10)[9].decode(): body for body in islice(hl7v2.messages(seed, every=True), count)}


class Senders:
    """All connections take the next message from one list, so that no two of a person are under way side by side.

    ``acknowledged``: control ids that were answered AA or 202, each while the answer is in hand; ``told`` is called after each.
    ``otherwise`` counts the other answers: MSA-1, or the status of HTTP.
    """

    def __init__(self, bodies: dict[str, bytes], told: Callable[[], None] = lambda: None) -> None:
        self.bodies, self.told = bodies, told
        self.acknowledged = set[str]()
        self.otherwise = Counter[str]()

    @property
    def left(self) -> list[str]:
        """Control ids of what nobody has acknowledged, in order."""
        return [control for control in self.bodies if control not in self.acknowledged]

    async def push(self, mllp: int, http: int, controls: Iterable[str] | None = None) -> None:
        """Send what is left, or only ``controls``; ends when each is answered or every connection has ended."""
        work = iter(self.left if controls is None else controls)
        lanes = [self._mllp(mllp, work) for _ in range(MLLP)] + [self._http(http, work) for _ in range(HTTP)]
        await asyncio.gather(*lanes)

    async def _mllp(self, port: int, work: Iterator[str]) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return
        under_way = 0
        try:
            while True:
                while under_way < WINDOW and (control := next(work, None)) is not None:
                    writer.write(b"\x0b" + self.bodies[control] + END)
                    under_way += 1
                if not under_way:
                    return
                self._answered(await reader.readuntil(END))
                under_way -= 1
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.transport.abort()

    def _answered(self, answer: bytes) -> None:
        found = answer[answer.index(b"\rMSA|") + 5 :].split(b"\r", 1)[0].split(b"|")
        self._told(found[0].decode(), found[1].decode())

    async def _http(self, port: int, work: Iterator[str]) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return
        try:
            while (control := next(work, None)) is not None:
                body = self.bodies[control]
                writer.write(
                    b"POST /ingest/%b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % (FEED.encode(), len(body))
                )
                writer.write(body)
                head = await reader.readuntil(b"\r\n\r\n")
                size = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                await reader.readexactly(size)
                self._told(head[9:12].decode(), control)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.transport.abort()

    def _told(self, answer: str, control: str) -> None:
        if answer in ("AA", "202"):
            self.acknowledged.add(control)
            self.told()
        else:
            self.otherwise[answer] += 1
