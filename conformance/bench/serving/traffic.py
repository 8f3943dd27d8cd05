"""Asks a server, in a process of its own: ``python -m conformance.bench.serving.traffic`` with a JSON job on standard input.

Raw HTTP/1.1 over connections that are kept, each in lock-step; requests are made ready beforehand in a file, each behind its
length and its right answer, and taken in turn. The job: ``host``, ``port``, ``file``, ``connections``, ``seconds`` (0: the file
once), ``warm`` (seconds not counted), ``rate`` (requests a second over all connections, 0: as fast as answers come), ``core``.
"""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple, cast

from conformance.bench.report import WrongOutcome

FHIR = "application/fhir+json"
HEAD = struct.Struct(">Ihh")
MATCH = b'"mode":"match"'
"""What each match of a searchset has, as the engine writes it."""


class Piece(NamedTuple):
    """A request, and its right answer: ``status`` 0 is any of 2xx, ``matches`` -1 any number of resources that are found."""

    sent: bytes
    status: int = 0
    matches: int = -1


class Asked(NamedTuple):
    """What came of a job: answers a second, waits in milliseconds, answers by status, bytes of an average answer.

    ``wrong`` are those of another status or another number of matches than is right; ``refused`` is the beginning of the first
    request that was answered so, and of its answer.
    """

    rate: float
    p50: float
    p99: float
    greatest: float
    statuses: dict[str, int]
    size: float
    seconds: float
    refused: str = ""
    wrong: int = 0
    all: int = 0
    """Answers of the whole job, those that are not counted among them."""

    @property
    def good(self) -> int:
        """Answers that are right."""
        return sum(self.statuses.values()) - self.wrong

    @property
    def refusals(self) -> int:
        """Answers of 4xx."""
        return sum(count for status, count in self.statuses.items() if status.startswith("4"))


def write(path: Path, requests: Iterable[Piece]) -> int:
    """A file of requests; how many."""
    count = 0
    with path.open("wb") as file:
        for each in requests:
            file.write(HEAD.pack(len(each.sent), each.status, each.matches) + each.sent)
            count += 1
    return count


def read(path: Path) -> list[Piece]:
    """The requests of a file."""
    body = path.read_bytes()
    found, at = [], 0
    while at < len(body):
        length, status, matches = HEAD.unpack_from(body, at)
        at += HEAD.size
        found.append(Piece(body[at : at + length], status, matches))
        at += length
    return found


def get(path: str, host: str, token: str = "", accept: str = FHIR) -> bytes:
    """A GET; ``token`` '' for none, ``accept`` the form that is wanted."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: {accept}\r\n{_bearer(token)}\r\n".encode()


def sending(method: str, path: str, host: str, body: bytes, token: str = "") -> bytes:
    """A request with a body; the answer need not repeat it."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FHIR}\r\nAccept: {FHIR}\r\n"
    return f"{head}{_bearer(token)}Prefer: return=minimal\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _bearer(token: str) -> str:
    return f"Authorization: Bearer {token}\r\n" if token else ""


class Lane(asyncio.Protocol):
    """One connection."""

    def __init__(self, work: Iterator[Piece], until: float, pause: float, tally: Tally) -> None:
        self._work, self._until, self._pause, self._tally = work, until, pause, tally
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._wanted = -1
        self._sent = 0.0
        self._due = 0.0
        self._piece = Piece(b"")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def begin(self) -> None:
        """Send the next request, or end."""
        now = time.monotonic()
        piece = next(self._work, None) if not self._until or now < self._until else None
        if piece is None:
            if not self.done.done():
                self.done.set_result(None)
            return
        assert self._transport is not None
        self._sent = now
        self._piece = piece
        self._transport.write(piece.sent)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        if self._wanted < 0:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._wanted = _length(bytes(buffer[:end]), end + 4)
        if len(buffer) < self._wanted or (self._wanted == 0 and not buffer.endswith(b"0\r\n\r\n")):
            return
        now = time.monotonic()
        _, status, matches = self._piece
        right = int(buffer[9:12]) == status if status else buffer[9:10] == b"2"
        if not right or (matches >= 0 and buffer.count(MATCH) != matches):
            self._tally.amiss(now, self._piece.sent.partition(b"\r\n")[0], bytes(buffer))
        self._tally.add(now, now - self._sent, bytes(buffer[9:12]), len(buffer))
        buffer.clear()
        self._wanted = -1
        if self._pause:
            self._due = max(self._due + self._pause, now - self._pause)
            asyncio.get_running_loop().call_later(max(0.0, self._due - now), self.begin)
        else:
            self.begin()

    def first(self, after: float) -> None:
        """Begin after so many seconds."""
        self._due = time.monotonic() + after
        asyncio.get_running_loop().call_later(after, self.begin)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError("the server closed the connection"))


def _length(head: bytes, start: int) -> int:
    """Bytes of the whole answer; 0 where it comes in chunks."""
    lower = head.lower()
    at = lower.find(b"content-length:")
    if at >= 0:
        return start + int(lower[at + 15 :].split(b"\r\n", 1)[0])
    if b"transfer-encoding: chunked" in lower:
        return 0
    return start


class Tally:
    """Counts and waits, from a moment on."""

    def __init__(self, since: float) -> None:
        self._since = since
        self.waits: list[float] = []
        self.statuses: Counter[bytes] = Counter()
        self.size = 0
        self.refused = ""
        self.wrong = 0
        self.all = 0
        self.last = since

    def amiss(self, now: float, asked: bytes, answer: bytes) -> None:
        """An answer that is not right; the first is told, by the line that asked and without any token."""
        self.refused = self.refused or f"{asked[:200]!r}: {answer[-400:]!r}"
        self.wrong += now >= self._since

    def add(self, now: float, wait: float, status: bytes, size: int) -> None:
        """An answer."""
        self.all += 1
        if now < self._since:
            return
        self.waits.append(wait)
        self.statuses[status] += 1
        self.size += size
        self.last = now


async def drive(job: dict[str, Any]) -> dict[str, Any]:
    """Do a job."""
    loop = asyncio.get_running_loop()
    pieces = read(Path(job["file"]))
    start = time.monotonic()
    seconds = float(job["seconds"])
    until = start + job["warm"] + seconds if seconds else 0.0
    tally = Tally(start + (job["warm"] if seconds else 0.0))
    work = cycle(pieces) if seconds else iter(pieces)
    lanes: list[Lane] = []
    count = int(job["connections"])
    pause = count / job["rate"] if job["rate"] else 0.0
    for _ in range(count):
        _, lane = await loop.create_connection(lambda: Lane(work, until, pause, tally), job["host"], job["port"])
        lanes.append(lane)
    for at, lane in enumerate(lanes):
        lane.first(pause * at / count) if pause else lane.begin()
    await asyncio.gather(*(lane.done for lane in lanes))
    taken = seconds or tally.last - start
    waits = sorted(tally.waits) or [0.0]
    shares = {"p50": 0.5, "p99": 0.99, "greatest": 1.0}
    told = {name: round(waits[int(share * (len(waits) - 1))] * 1000, 2) for name, share in shares.items()}
    statuses = {status.decode(): number for status, number in tally.statuses.items()}
    made = sum(statuses.values())
    sums = {
        "statuses": statuses,
        "size": tally.size / max(1, made),
        "seconds": taken,
        "refused": tally.refused,
        "wrong": tally.wrong,
        "all": tally.all,
    }
    return {"rate": made / taken, **told, **sums}


def start(job: dict[str, Any]) -> subprocess.Popen[str]:
    """Begin a job in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(job))
    process.stdin.close()
    process.stdin = None
    return process


def finish(process: subprocess.Popen[str], patience: float) -> Asked:
    """What came of it. Raises WrongOutcome where it ended early or takes too long."""
    try:
        out, error = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise WrongOutcome(f"the answers did not come within {patience:.0f} s") from None
    if process.returncode:
        raise WrongOutcome(f"the load ended early: {error.strip().splitlines()[-1] if error.strip() else 'no word'}")
    return Asked(**json.loads(out))


def main() -> None:
    """The process."""
    import gc
    import os

    import uvloop

    job = json.load(sys.stdin)
    if job.get("core") is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {job["core"]})
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(drive(job))))


if __name__ == "__main__":
    main()
