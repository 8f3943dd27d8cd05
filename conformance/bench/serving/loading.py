"""Loads the data by transactions over HTTP, or by updates where a server has none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from conformance.bench.report import WrongOutcome
from conformance.bench.serving import traffic
from conformance.bench.serving.host import Host
from conformance.bench.serving.questions import Asking
from conformance.bench.serving.records import EACH, records, shared, transaction
from conformance.bench.serving.sharing import Json

PATIENTS = 20
"""Patients of a transaction: 260 resources."""
CONNECTIONS = 8
PART = 500
"""Transactions that are made ready at a time: the clock stands while they are made."""
LOADED = "loaded.json"


def loaded(directory: Path, asking: Asking, database: str = "") -> float | None:
    """The rate at which the data of a directory was loaded, in resources a second; None where other data or none is there."""
    wanted = {"seed": asking.seed, "patients": asking.patients, "each": EACH, "database": database}
    try:
        said = json.loads((directory / LOADED).read_text())
    except (OSError, ValueError):
        return None
    return float(said["rate"]) if said | wanted == said else None


def load(host: Host, asking: Asking, directory: Path, database: str = "") -> float:
    """Send everything; resources a second. Raises WrongOutcome where anything is refused."""
    whole = host.capable("transaction")
    file = directory / "load.requests"
    seconds, count = 0.0, 0
    requests = _bundles(asking) if whole else _updates(asking)
    while True:
        part = list(_taken(requests, PART if whole else PART * 100))
        if not part:
            break
        traffic.write(file, part)
        job = {"host": host.host, "port": host.port, "file": str(file), "connections": CONNECTIONS if whole else 32}
        asked = traffic.finish(traffic.start({**job, "seconds": 0, "warm": 0, "rate": 0, "core": host.core}), 3600)
        if asked.good != len(part):
            raise WrongOutcome(f"loading: {len(part):,} sent, answered {asked.statuses}; {asked.refused}")
        seconds += asked.seconds
        count += asked.good
    file.unlink(missing_ok=True)
    resources = asking.patients * EACH + len(shared())
    rate = resources / seconds
    facts = {"seed": asking.seed, "patients": asking.patients, "each": EACH, "database": database, "rate": rate}
    (directory / LOADED).write_text(json.dumps(facts))
    return rate


def _taken(requests: Iterator[traffic.Piece], count: int) -> Iterator[traffic.Piece]:
    for _ in range(count):
        piece = next(requests, None)
        if piece is None:
            return
        yield piece


def _bundles(asking: Asking) -> Iterator[traffic.Piece]:
    yield asking.send("POST", "", transaction(shared()), loading=True)
    several: list[Json] = []
    for number, each in enumerate(records(asking.seed, asking.patients), 1):
        several += each
        if number % PATIENTS == 0:
            yield asking.send("POST", "", transaction(several), loading=True)
            several = []
    if several:
        yield asking.send("POST", "", transaction(several), loading=True)


def _updates(asking: Asking) -> Iterator[traffic.Piece]:
    for resources in (shared(), *records(asking.seed, asking.patients)):
        for each in resources:
            yield asking.send("PUT", f"{each['resourceType']}/{each['id']}", each, loading=True)
