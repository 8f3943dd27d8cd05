"""The speed of a bulk export ($export), and of reads by id that go on beside it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from conformance.bench.report import WrongOutcome
from conformance.bench.serving import traffic
from conformance.bench.serving.host import Host
from conformance.bench.serving.questions import Asking
from conformance.judged.tokens import bearer

WANTED = 100_000
"""Resources a second."""
TIMES = 3
"""Exports, of which the middle one counts."""
CONNECTIONS = 4
PATIENCE = 600.0
AGAIN = 0.01
"""Seconds between two questions how far it is: far less than an export takes."""


class Exported(NamedTuple):
    """``rate`` resources a second from the kick-off to the manifest, of so many ``resources``; ``fetched`` MB a second of the files
    as they are; ``alone`` and ``beside``: reads by id a second with their p99 (ms) before, and while exports follow each other;
    ``held``: the rate of those."""

    rate: float
    resources: int
    fetched: float
    alone: tuple[float, float]
    beside: tuple[float, float]
    held: float

    def as_json(self) -> list[dict[str, Any]]:
        """A line a figure."""
        return [
            {
                "figure": "export",
                "rate": round(self.rate, 1),
                "resources": self.resources,
                "wanted_rate": WANTED,
                "met": self.rate >= WANTED,
            },
            {"figure": "export, fetch, MB", "rate": round(self.fetched, 1)},
            {"figure": "read by id, alone", "rate": round(self.alone[0], 1), "p99_ms": self.alone[1]},
            {
                "figure": "read by id, beside exports",
                "rate": round(self.beside[0], 1),
                "p99_ms": self.beside[1],
                "export_rate": round(self.held, 1),
            },
        ]

    def lines(self) -> list[str]:
        """The same in words."""
        return [
            f"export of {self.resources:,} resources: {self.rate:,.0f}/s (wanted {WANTED:,}), fetched at {self.fetched:,.0f} MB/s",
            f"reads by id alone: {self.alone[0]:,.0f}/s, p99 {self.alone[1]:.2f} ms; beside exports ({self.held:,.0f}/s): "
            f"{self.beside[0]:,.0f}/s, p99 {self.beside[1]:.2f} ms",
        ]


def measured(host: Host, asking: Asking, directory: Path, seconds: float) -> Exported | None:
    """Exports of everything by who may see everything; None for a server that has none. Raises WrongOutcome where one fails or
    does not hold all."""
    if not _capable(host):
        return None
    token = bearer(asking.loader)
    runs = [_export(host, token) for _ in range(TIMES)]
    sizes = {resources for _, resources in runs}
    if len(sizes) != 1:
        raise WrongOutcome(f"exports of one record hold {sorted(sizes)} resources")
    rate = sorted(resources / taken for taken, resources in runs)[TIMES // 2]
    fetched = _fetch(host, token)
    alone = _reads(host, asking, directory, seconds).finish()
    reading = _reads(host, asking, directory, seconds)
    held = []
    while reading.process.poll() is None:
        held.append(_export(host, token))
    beside = reading.finish()
    slow = sum(resources for _, resources in held) / sum(taken for taken, _ in held)
    return Exported(rate, sizes.pop(), fetched, (alone.rate, alone.p99), (beside.rate, beside.p99), slow)


class _Reads(NamedTuple):
    process: Any
    seconds: float

    def finish(self) -> traffic.Asked:
        return traffic.finish(self.process, self.seconds + 60)


def _reads(host: Host, asking: Asking, directory: Path, seconds: float) -> _Reads:
    file = directory / "export.requests"
    ids = [f"Patient/{each['id']}" for each in _patients(host, asking)]
    traffic.write(file, [asking.get(each, 200) for each in ids])
    job = {"host": host.host, "port": host.port, "file": str(file), "connections": CONNECTIONS, "seconds": seconds, "warm": 0.5}
    return _Reads(traffic.start({**job, "rate": 0, "core": host.core}), seconds)


def _patients(host: Host, asking: Asking) -> list[dict[str, Any]]:
    answer = host.client.get("/Patient", params={"_count": 200, "_elements": "id"}, headers=bearer(asking.token))
    found = [entry["resource"] for entry in answer.json().get("entry", ()) if entry["search"]["mode"] == "match"]
    if not found:
        raise WrongOutcome("there is nobody to be read")
    return found


def _capable(host: Host) -> bool:
    said: dict[str, Any] = host.client.get("/metadata").json()
    return any(each.get("name") == "export" for rest in said.get("rest", ()) for each in rest.get("operation", ()))


def _begin(host: Host, token: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Where an export is, and its manifest."""
    answer = host.client.get("/$export", headers={**token, "prefer": "respond-async"})
    place = answer.headers.get("content-location", "")
    if answer.status_code != 202 or not place:
        raise WrongOutcome(f"$export was answered by {answer.status_code}: {answer.text[:300]}")
    place = urlsplit(place)._replace(scheme="http", netloc=host.name).geturl()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        told = host.client.get(place, headers={**token, "accept": "application/json"})
        if told.status_code == 200:
            manifest: dict[str, Any] = told.json()
            return place, manifest
        if told.status_code != 202:
            raise WrongOutcome(f"an export ended with {told.status_code}: {told.text[:300]}")
        time.sleep(AGAIN)
    raise WrongOutcome(f"an export took more than {PATIENCE:.0f} s")


def _export(host: Host, token: dict[str, str]) -> tuple[float, int]:
    """Seconds and resources of an export that is given up when it is done."""
    began = time.perf_counter()
    place, manifest = _begin(host, token)
    taken = time.perf_counter() - began
    host.client.delete(place, headers=token)
    return taken, sum(each["count"] for each in manifest["output"])


def _fetch(host: Host, token: dict[str, str]) -> float:
    """MB a second of all files; each holds as many lines as is said."""
    place, manifest = _begin(host, token)
    size, taken = 0, 0.0
    for each in manifest["output"]:
        url = urlsplit(each["url"])._replace(scheme="http", netloc=host.name).geturl()
        began, lines = time.perf_counter(), 0
        with host.client.stream("GET", url, headers={**token, "accept-encoding": "identity"}) as answer:
            for chunk in answer.iter_bytes():
                size += len(chunk)
                lines += chunk.count(b"\n")
        taken += time.perf_counter() - began
        if lines != each["count"]:
            raise WrongOutcome(f"{each['type']}: {lines:,} lines, {each['count']:,} were told")
    host.client.delete(place, headers=token)
    return size / 1e6 / taken
