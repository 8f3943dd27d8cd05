"""From the port to the record: how many messages a second are applied and searchable, and in how much memory."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conformance.bench import load
from conformance.bench.data import Data, sample
from conformance.bench.machine import calibration
from conformance.bench.reading import Reader
from conformance.bench.report import Figure, WrongOutcome
from conformance.bench.server import Server

TARGET = 2_000
MEMORY = 400
"""MB that owner and mappers together may hold."""
CONNECTIONS = 16
SEARCHED = 200
SLOWEST = 100
"""Messages a second below which the bench gives up."""
METHOD = (
    "From the first message sent over 16 MLLP connections to the last one applied; the client is a process on the same cores. "
    f"Then {SEARCHED} stays drawn at random are searched by identifier."
)


def measure(data: Data, runs: int, directory: Path) -> list[Figure]:
    """The sustained rate, and the greatest resident memory. Raises WrongOutcome."""
    rate = Figure("applied and searchable", "messages/s", [], target=TARGET)
    peak = Figure("resident memory of owner and mappers, greatest", "MB", [])
    for _ in range(runs):
        with TemporaryDirectory(dir=directory) as place:
            rate.calibration.append(calibration())
            with Server(Path(place)) as server:
                seconds, memory, accepted = _run(server, data)
                rate.runs.append(data.count / seconds)
                peak.runs.append(max(memory["owner greatest"], 0) + max(memory["mappers greatest"], 0))
                found = searched(server, data)
                rate.notes = {
                    "accepted meanwhile": f"{accepted:,.0f} messages/s",
                    "applied": f"{data.count:,} of {data.count:,}",
                    "stays found by identifier": f"{found} of {found}",
                    "files, MB": server.files(),
                }
                peak.notes = {"wanted": f"under {MEMORY} MB and flat", "resident MB": memory}
    return [rate, peak]


def _run(server: Server, data: Data) -> tuple[float, dict[str, Any], float]:
    """Seconds until all are applied, memory along the way, and the rate at which they were accepted."""
    sender = load.start("mllp", server.mllp, data.path, 0, data.count, CONNECTIONS)
    began = time.monotonic()
    memory: dict[str, Any] = {"start": server.memory(), "owner greatest": 0.0, "mappers greatest": 0.0}
    marks = [0.25, 0.5, 0.75, 1.0]
    try:
        while True:
            states = server.states()
            applied = states.get("applied", 0)
            now = time.monotonic()
            held = server.memory()
            for name in ("owner", "mappers"):
                memory[f"{name} greatest"] = max(memory[f"{name} greatest"], held[name])
            while marks and applied >= marks[0] * data.count:
                memory[f"{marks.pop(0):.0%}"] = held
            finished = applied + sum(states.get(name, 0) for name in ("refused", "failed", "shelved"))
            if finished >= data.count:
                break
            if now - began > 30 + data.count / SLOWEST or sender.poll() not in (None, 0):
                raise WrongOutcome(f"{finished:,} of {data.count:,} have an outcome after {now - began:.0f} s: {states}")
            time.sleep(0.05 if data.count - applied < 2_000 else 0.5)
    except BaseException:
        sender.kill()
        sender.communicate()
        raise
    said = load.finish(sender, data.count)
    if applied != data.count:
        raise WrongOutcome(f"{data.count:,} messages sent, by state {states}")
    return now - said["start"], memory, data.count / (said["end"] - said["start"])


def searched(server: Server, data: Data) -> int:
    """Search a sample of the stays by identifier; raises WrongOutcome where one is not found once."""
    reader = Reader(server.http)
    wanted = sample(data, SEARCHED)
    try:
        for _, number in wanted:
            bundle = reader.json(f"/fhir/Encounter?identifier={number}")
            found = [entry["resource"] for entry in bundle.get("entry", ()) if entry["search"]["mode"] == "match"]
            if len(found) != 1 or number not in [one["value"] for one in found[0]["identifier"]]:
                raise WrongOutcome(f"{len(found)} Encounters for one stay")
    finally:
        reader.close()
    return len(wanted)
