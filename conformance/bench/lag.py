"""How soon what is acknowledged is in the record: from the answer to a message to the moment at which it is applied."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from conformance.bench.data import Data
from conformance.bench.machine import calibration
from conformance.bench.report import Figure, WrongOutcome
from conformance.bench.server import FEED, PATIENCE, Server

RATE = 100
"""Messages a second."""
EVERY = 5
"""Of so many messages one is watched."""
LOOK = 0.005
"""Seconds between two looks at a message."""
BEGINNING = 5
"""Seconds in which tables are compiled."""
TARGET = 1_000
METHOD = (
    f"{RATE} messages a second over HTTP, answered when they are journalled; of {EVERY} one is asked for by its number every "
    f"{LOOK * 1000:.0f} ms until it is applied, which is when reads see it. The client is on the same cores."
)


def measure(data: Data, runs: int, directory: Path) -> list[Figure]:
    """The median and the 99th of a hundred, in milliseconds. Raises WrongOutcome."""
    median = Figure("acknowledged to applied, p50", "ms", [])
    most = Figure("acknowledged to applied, p99", "ms", [])
    for _ in range(runs):
        with TemporaryDirectory(dir=directory) as place:
            most.calibration.append(calibration())
            with Server(Path(place)) as server:
                watched = asyncio.run(lags_of(server.http, bodies(data)))
                server.settled(data.count, PATIENCE)
            lags = sorted(lag for _, lag in watched)
            median.runs.append(1000 * percentile(lags, 0.5))
            most.runs.append(1000 * percentile(lags, 0.99))
    most.notes = {"wanted": f"under {TARGET:,} ms", "watched": len(lags), "longest, ms": round(1000 * lags[-1], 1)}
    if later := sorted(lag for sent, lag in watched if sent > BEGINNING):
        most.notes[f"p99 of what was sent after {BEGINNING} s, ms"] = round(1000 * percentile(later, 0.99), 1)
    return [median, most]


def percentile(ordered: list[float], share: float) -> float:
    """The least value that this share of all does not exceed."""
    return ordered[max(0, -(-int(1000 * share) * len(ordered) // 1000) - 1)]


def bodies(data: Data) -> Iterator[bytes]:
    """The messages of a file of frames."""
    for frame in data.path.read_bytes().split(b"\x1c\r"):
        if frame:
            yield frame.lstrip(b"\x0b")


async def lags_of(port: int, messages: Iterator[bytes]) -> list[tuple[float, float]]:
    """Send at ``RATE``; of each that was watched when it was sent, in seconds from the first, and how many it took."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False) as http:
        begun, under_way, lags = time.monotonic(), set[asyncio.Task[None]](), list[tuple[float, float]]()

        async def one(body: bytes, watched: bool) -> None:
            sent = time.monotonic() - begun
            answer = await http.post(f"/ingest/{FEED}", content=body)
            acknowledged = time.monotonic()
            if answer.status_code != 202:
                raise WrongOutcome(f"a message was answered {answer.status_code}: {answer.text[:200]}")
            while watched:
                said = (await http.get(answer.headers["location"])).json()
                if said["state"] == "applied":
                    lags.append((sent, time.monotonic() - acknowledged))
                    return
                if said["state"] != "received":
                    raise WrongOutcome(f"a message is {said['state']}")
                await asyncio.sleep(LOOK)

        for number, body in enumerate(messages):
            await asyncio.sleep(begun + number / RATE - time.monotonic())
            under_way.add(asyncio.create_task(one(body, number % EVERY == 0)))
        await asyncio.gather(*under_way)
    return lags
