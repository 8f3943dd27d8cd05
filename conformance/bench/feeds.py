"""Feeds on both stores: one table of what is accepted and what is applied, embedded and on PostgreSQL with two workers."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.bench import load
from conformance.bench.apply import CONNECTIONS, SLOWEST, searched
from conformance.bench.data import Data
from conformance.bench.machine import calibration
from conformance.bench.report import Figure, WrongOutcome
from conformance.bench.server import Server, children, spent
from conformance.topology import stores
from conformance.topology.process import NotStarted

ACCEPTED, EMBEDDED, SHARED = 8_000, 2_000, 1_500
"""Messages a second that are wanted: accepted; applied and searchable, embedded and on PostgreSQL."""
WORKERS = 2
METHOD = (
    "Accepted: over 16 MLLP connections, every AA follows the sync (an engine that holds). Applied: from the first message sent to "
    f"the last one applied and searchable; embedded, and with {WORKERS} engines of one mapper each on one PostgreSQL, synced. "
    "Senders and stores are on the same cores; processor time is of engines and mappers."
)


def measure(data: Data, runs: int, directory: Path) -> list[Figure]:
    """A figure a store for what is accepted and for what is applied. Raises WrongOutcome."""
    try:
        return asyncio.run(_measure(data, runs, directory))
    except (NotStarted, stores.Absent) as error:
        raise WrongOutcome(str(error)) from None


async def _measure(data: Data, runs: int, directory: Path) -> list[Figure]:
    figures: list[Figure] = []
    for store, workers, target in (("embedded", 1, EMBEDDED), (f"PostgreSQL, {WORKERS} workers", WORKERS, SHARED)):
        accepted = Figure(f"accepted, {store}", "messages/s", [], target=ACCEPTED)
        applied = Figure(f"applied and searchable, {store}", "messages/s", [], target=target)
        for _ in range(runs):
            for figure, hold in ((accepted, True), (applied, False)):
                figure.calibration.append(calibration())
                with TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as place:
                    async with _database(Path(place), shared=workers > 1) as options:
                        rate, figure.notes = await asyncio.to_thread(_run, Path(place), options, workers, data, hold)
                figure.runs.append(rate)
        figures += [accepted, applied]
    return figures


@asynccontextmanager
async def _database(place: Path, *, shared: bool) -> AsyncIterator[tuple[str, ...]]:
    """The options by which engines find their store."""
    async with AsyncExitStack() as stack:
        if not shared:
            yield ()
            return
        for each in (place.parent, place):
            each.chmod(each.stat().st_mode | 0o011)  # PostgreSQL does not run as root
        server, url = await stores.postgres(place / "postgres", place / "postgres.log")
        stack.push_async_callback(server.end, signal.SIGINT)
        await server.start()
        yield "--database", url


def _run(place: Path, options: tuple[str, ...], workers: int, data: Data, hold: bool) -> tuple[float, dict[str, str]]:
    """One run: messages a second, and what it took."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(
                Server(place / "data", hold=hold, mappers=1, options=(*options, *(("--name", f"engine-{each}") if options else ())))
            )
            for each in range(workers)
        ]
        before, share = _spent(servers), data.count // workers
        senders = [
            load.start("mllp", each.mllp, data.path, number * share, share, CONNECTIONS // workers)
            for number, each in enumerate(servers)
        ]
        said = [load.finish(each, share) for each in senders]
        start, end, sent = min(each["start"] for each in said), max(each["end"] for each in said), share * workers
        if hold:
            _all(servers[0], "waiting", sent, end)
        else:
            _all(servers[0], "applied", sent, end)
            end = time.monotonic()
        taken = (_spent(servers) - before) / sent * 1e6
        notes = {"processor time of the engines": f"{taken:,.0f} µs a message"}
        if not hold:
            notes["applied"] = f"{sent:,} of {sent:,}"
            notes["stays found by identifier"] = f"{searched(servers[0], data)} of those looked for"
        return sent / (end - start), notes


def _all(server: Server, state: str, count: int, since: float) -> None:
    """Wait until so many messages are in a state."""
    while (found := server.states().get(state, 0)) < count:
        if time.monotonic() - since > 30 + count / SLOWEST:
            raise WrongOutcome(f"{found:,} of {count:,} messages are {state}: {server.states()}")
        time.sleep(0.05)


def _spent(servers: Sequence[Server]) -> float:
    """Seconds of processor time of engines and mappers so far."""
    return sum(spent(each) for server in servers for each in (server.process, *children(server.process)))
