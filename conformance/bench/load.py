"""Load, in a process of its own: ``python -m conformance.bench.load mllp|http PORT FILE FROM COUNT CONNECTIONS RATE``.

Each connection is in lock-step: it sends, waits for the answer, sends the next. Connections share one list of work in its
order; with a rate (pieces a second over all of them, 0: none) no piece is sent before it is due. The result is one line of
JSON; times are of the monotonic clock, which processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from conformance.bench.report import WrongOutcome


class Piece(NamedTuple):
    """What is sent, not before ``due`` of the monotonic clock."""

    sent: bytes
    due: float


class Lane(asyncio.Protocol):
    """One connection. ``good`` counts the answers that accept."""

    end = b""
    accepted = b""

    def __init__(self, work: Iterator[Piece], done: asyncio.Future[None], taken: list[float]) -> None:
        self._work, self._done, self._taken = work, done, taken
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._sent = 0.0
        self.good = self.bad = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def begin(self) -> None:
        """Send the next piece of work; finish where there is none."""
        assert self._transport is not None
        piece = next(self._work, None)
        if piece is None:
            if not self._done.done():
                self._done.set_result(None)
            return
        if (early := piece.due - time.monotonic()) > 0:
            asyncio.get_running_loop().call_later(early, self._send, piece.sent)
        else:
            self._send(piece.sent)

    def _send(self, sent: bytes) -> None:
        assert self._transport is not None
        self._sent = time.monotonic()
        self._transport.write(sent)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self.whole(buffer):
            self._buffer = buffer
            return
        self._buffer = b""
        self._taken.append(time.monotonic() - self._sent)
        if self.accepted in buffer:
            self.good += 1
        else:
            self.bad += 1
        self.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError("the server closed the connection"))

    def whole(self, buffer: bytes) -> bool:
        """Whether the answer is all there."""
        return buffer.endswith(b"\x1c\r")


class MllpLane(Lane):
    """Sends frames; accepted by MSA-1 AA."""

    accepted = b"\rMSA|AA|"


class HttpLane(Lane):
    """Sends requests of HTTP/1.1 over a connection that is kept; accepted by status 200."""

    accepted = b"HTTP/1.1 200"

    def whole(self, buffer: bytes) -> bool:
        head, separator, body = buffer.partition(b"\r\n\r\n")
        if not separator:
            return False
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                return len(body) >= int(value)
        raise WrongOutcome("an answer without Content-Length")


def paced(work: list[bytes], rate: float) -> Iterator[Piece]:
    """The pieces in their order; the first is due when it is asked for, each other at its place in the rate."""
    start = time.monotonic()
    for number, sent in enumerate(work):
        yield Piece(sent, start + number / rate if rate else 0)


async def drive(kind: type[Lane], port: int, work: list[bytes], connections: int, rate: float = 0) -> dict[str, Any]:
    """Do all the work; counts, times and waits in milliseconds."""
    loop = asyncio.get_running_loop()
    pieces, taken = paced(work, rate), list[float]()
    lanes: list[Lane] = []
    for _ in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        _, lane = await loop.create_connection(partial(kind, pieces, done, taken), "127.0.0.1", port)
        lanes.append(lane)
    start = time.monotonic()
    for lane in lanes:
        lane.begin()
    await asyncio.gather(*(lane._done for lane in lanes))
    end = time.monotonic()
    taken.sort()
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    waits = {name: round(taken[int(share * (len(taken) - 1))] * 1000, 2) for name, share in shares.items()}
    return {
        "start": start,
        "end": end,
        "good": sum(lane.good for lane in lanes),
        "bad": sum(lane.bad for lane in lanes),
        "waits": waits,
    }


def pieces(kind: str, path: Path, first: int, count: int) -> list[bytes]:
    """The work of a file: MLLP frames, or a path a line to GET."""
    if kind == "mllp":
        return [part + b"\x1c\r" for part in path.read_bytes().split(b"\x1c\r") if part][first : first + count]
    lines = path.read_bytes().split(b"\n")[first : first + count]
    return [b"GET " + line + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/fhir+json\r\n\r\n" for line in lines if line]


def start(kind: str, port: int, path: Path, first: int, count: int, connections: int, rate: float = 0) -> subprocess.Popen[str]:
    """Begin to send from a process of its own."""
    arguments = [kind, str(port), str(path), str(first), str(count), str(connections), str(rate)]
    return subprocess.Popen([sys.executable, "-m", "conformance.bench.load", *arguments], stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str], count: int, seconds: float = 600) -> dict[str, Any]:
    """What came of it; raises WrongOutcome where not every answer accepts."""
    try:
        out, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise WrongOutcome(f"the answers did not come within {seconds:.0f} s") from None
    if process.returncode:
        raise WrongOutcome("the load ended early")
    result: dict[str, Any] = json.loads(out)
    if result["good"] != count or result["bad"]:
        raise WrongOutcome(f"{count:,} sent, {result['good']:,} accepted, {result['bad']:,} not")
    return result


def main() -> None:
    """The process."""
    import gc

    import uvloop

    kind, port, path, first, count, connections, rate = sys.argv[1:]
    work = pieces(kind, Path(path), int(first), int(count))
    gc.freeze()
    lane = MllpLane if kind == "mllp" else HttpLane
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(drive(lane, int(port), work, int(connections), float(rate)))))


if __name__ == "__main__":
    main()
