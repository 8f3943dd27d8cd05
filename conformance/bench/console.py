"""The console beside a feed: whether it stays live while messages come at a rate."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import httpx

from conformance.bench import load
from conformance.bench.data import Data
from conformance.bench.lag import percentile
from conformance.bench.machine import calibration
from conformance.bench.report import Figure, WrongOutcome
from conformance.bench.server import FEED, Server
from conformance.bench.serving.pages import MEDIAN, MOST, signed_on

RATE: Final = 1_000
"""Messages a second."""
KEPT: Final = 0.99
"""The share of the rate below which it was not kept."""
CONNECTIONS: Final = 16
WARM: Final = 500
"""Messages before the clock runs: tables are compiled."""
LOOK: Final = 0.2
"""Seconds between two requests of the page."""
APART, BEHIND = 2_000, 1_000
"""Milliseconds: between two events, and from when a message is sent to the event that counts it."""
USER: Final = "demo-operator"
METHOD: Final = (
    f"{RATE:,} messages a second over {CONNECTIONS} MLLP connections, each AA after the sync, applied meanwhile. An operator who "
    f"has signed on reads /console/events all the while and asks for /console every {LOOK * 1000:.0f} ms. How far an event is "
    "behind: from the moment at which the last message that it counts was due to be sent. Senders and readers share the cores."
)
_RECEIVED: Final = re.compile(rf'href="/console/feeds/{FEED}">.*?app-numeric">([\d,]+)<', re.DOTALL)


class Seen(NamedTuple):
    """An event: when it had come (seconds of the monotonic clock), and how many messages it counts as received."""

    at: float
    received: int


def measure(data: Data, runs: int, directory: Path) -> list[Figure]:
    """The rate that was held, and four figures of the console. Raises WrongOutcome."""
    held = Figure("acknowledged", "messages/s", [], target=RATE * KEPT)
    apart = Figure("longest without an event", "ms", [], notes={"wanted": f"under {APART:,} ms"})
    behind = Figure("an event behind what was sent, p99", "ms", [], notes={"wanted": f"under {BEHIND:,} ms"})
    median = Figure("/console, p50", "ms", [], notes={"wanted": f"under {MEDIAN:g} ms"})
    most = Figure("/console, p99", "ms", [], notes={"wanted": f"under {MOST:g} ms"})
    for _ in range(runs):
        with TemporaryDirectory(dir=directory) as place:
            held.calibration.append(calibration())
            with Server(Path(place), open=False, options=("--rate", "0")) as server:
                load.finish(load.start("mllp", server.mllp, data.path, 0, WARM, CONNECTIONS), WARM)
                root = f"http://127.0.0.1:{server.http}"
                reader = Reader(root, signed_on(root, USER))
                count = data.count - WARM
                with reader:
                    said = load.finish(load.start("mllp", server.mllp, data.path, WARM, count, CONNECTIONS, RATE), count)
                begun, ended = said["start"], said["end"]
                events = [each for each in reader.events if begun < each.at <= ended and each.received > WARM]
                asked = sorted(1000 * taken for at, taken in reader.asked if begun < at <= ended)
                if len(events) < 2 or not asked:
                    raise WrongOutcome(f"{len(events)} events and {len(asked)} pages came in {ended - begun:.0f} s")
        late = sorted(1000 * (each.at - begun - (each.received - WARM) / RATE) for each in events)
        held.runs.append(count / (ended - begun))
        apart.runs.append(1000 * longest([begun, *(each.at for each in events), ended]))
        behind.runs.append(percentile(late, 0.99))
        median.runs.append(percentile(asked, 0.5))
        most.runs.append(percentile(asked, 0.99))
        held.notes["wait for the answer, ms"] = said["waits"]
        apart.notes["events"] = len(events)
        behind.notes["p50, ms"] = round(percentile(late, 0.5))
        most.notes |= {"pages": len(asked), "longest, ms": round(asked[-1], 1)}
    return [held, apart, behind, median, most]


def longest(moments: list[float]) -> float:
    """The most between two that follow each other. With the beginning and the end among them a stream that ended early shows."""
    return max(after - before for before, after in pairwise(moments))


def received(part: str) -> int | None:
    """How many messages the live part of the console counts as received of the feed of benches; None where it does not show it."""
    found = _RECEIVED.search(part)
    return int(found[1].replace(",", "")) if found else None


class Reader:
    """An operator at the console, from entering to leaving; a context manager. ``asked``: when each page was asked for, and the
    seconds until it was there. Raises WrongOutcome on leaving where either was refused."""

    def __init__(self, root: str, cookie: str) -> None:
        self.events: list[Seen] = []
        self.asked: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._wrong = ""
        self._root = root
        self._headers = {"cookie": cookie, "sec-fetch-site": "same-origin"}
        self._threads = [threading.Thread(target=self._try, args=(each,), daemon=True) for each in (self._listen, self._ask)]

    def __enter__(self) -> Reader:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join(60)
        if self._wrong:
            raise WrongOutcome(self._wrong)

    def _try(self, reads: Callable[[], None]) -> None:
        try:
            reads()
        except httpx.HTTPError as error:
            self._wrong = f"the console could not be read: {type(error).__name__}"

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self._root, headers=self._headers, timeout=60, trust_env=False)

    def _listen(self) -> None:
        accepted = {"accept": "text/event-stream"}
        with self._client() as http, http.stream("GET", "/console/events", headers=accepted) as stream:
            if stream.status_code != 200:
                self._wrong = f"the events of the console were answered {stream.status_code}"
                return
            event: list[str] = []
            for line in stream.iter_lines():
                if self._over.is_set():
                    return
                if line:
                    event.append(line.removeprefix("data: "))
                    continue
                if event and event[0] == "event: standing" and (count := received("\n".join(event))) is not None:
                    self.events.append(Seen(time.monotonic(), count))
                event = []

    def _ask(self) -> None:
        with self._client() as http:
            while not self._over.wait(LOOK):
                at = time.monotonic()
                answer = http.get("/console", headers={"accept": "text/html"})
                self.asked.append((at, time.monotonic() - at))
                if answer.status_code != 200 or "<h1" not in answer.text:
                    self._wrong = f"the console was answered {answer.status_code}"
                    return
