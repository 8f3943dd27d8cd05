"""A backlog: messages are journalled and none applied, then all are; memory along the way, and how fast it is worked off."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from conformance.bench import load
from conformance.bench.data import Data
from conformance.bench.machine import calibration
from conformance.bench.report import Figure, WrongOutcome
from conformance.bench.server import Server

CONNECTIONS = 16
WARM = 0.1
"""The share of a phase after which memory is looked at: caches fill before."""
FLAT = 10.0
"""Per cent above and below its median that memory may go."""
SLOWEST = 50
"""Messages a second below which the bench gives up."""
EVERY = 0.5
METHOD = (
    "An engine that holds takes all messages over 16 MLLP connections; started again it works them off. Resident memory of owner "
    f"and mappers is sampled twice a second, from {WARM:.0%} of each phase on; flat: within {FLAT:.0f}% of the median."
)
Samples = list[tuple[int, float, float]]
"""Messages so far, MB of the owner, MB of its mappers."""


def measure(data: Data, runs: int, directory: Path) -> list[Figure]:
    """Rates of both phases, and how far memory strays in each. Raises WrongOutcome where a message is not applied or memory is not
    flat."""
    taken = Figure("journalled while held", "messages/s", [])
    drained = Figure("backlog worked off", "messages/s", [])
    strays = Figure("memory strays from its median by, at most", "%", [])
    for _ in range(runs):
        with TemporaryDirectory(dir=directory) as place:
            drained.calibration.append(calibration())
            rate, held = _held(Path(place), data)
            taken.runs.append(rate)
            rate, start, worked = _worked_off(Path(place), data)
            drained.runs.append(rate)
            phases = {
                "owner, held": [owner for _, owner, _ in held],
                "owner, working off": [owner for _, owner, _ in worked],
                "mappers, working off": [mappers for _, _, mappers in worked],
            }
            told = {name: _stray(each) for name, each in phases.items()}
            strays.runs.append(max(found["strays"] for found in told.values()))
            strays.notes = {"wanted": f"at most {FLAT:.0f}%", **told}
            taken.notes = {"journalled": f"{data.count:,}"}
            drained.notes = {"applied": f"{data.count:,} of {data.count:,}", "seconds to start over it": round(start, 1)}
    return [taken, drained, strays]


def flat(figures: list[Figure]) -> bool:
    """Whether memory was flat in every run."""
    return max(figures[-1].runs) <= FLAT


def _held(place: Path, data: Data) -> tuple[float, Samples]:
    with Server(place, hold=True) as server:
        sender = load.start("mllp", server.mllp, data.path, 0, data.count, CONNECTIONS)
        try:
            samples = _sampled(server, data.count, lambda states: sum(states.values()), lambda: sender.poll() in (None, 0))
        except BaseException:
            sender.kill()
            sender.communicate()
            raise
        said = load.finish(sender, data.count)
        return data.count / (said["end"] - said["start"]), samples


def _worked_off(place: Path, data: Data) -> tuple[float, float, Samples]:
    began = time.monotonic()
    with Server(place) as server:
        started, before = time.monotonic(), server.states().get("applied", 0)
        samples = _sampled(server, data.count, lambda states: states.get("applied", 0), lambda: True)
        seconds = time.monotonic() - started
        states = server.states()
        if states.get("applied", 0) != data.count:
            raise WrongOutcome(f"{data.count:,} messages sent, by state {states}")
        return (data.count - before) / seconds, started - began, samples


def _sampled(server: Server, count: int, done: Callable[[dict[str, int]], int], going: Callable[[], bool]) -> Samples:
    """Memory until all is done."""
    samples: Samples = []
    until = time.monotonic() + 60 + count / SLOWEST
    while True:
        reached, memory = done(server.states()), server.memory()
        if reached >= WARM * count:
            samples.append((reached, memory["owner"], memory["mappers"]))
        if reached >= count:
            return samples
        if time.monotonic() > until or not going():
            raise WrongOutcome(f"{reached:,} of {count:,} messages: {server.states()}")
        time.sleep(EVERY)


def _stray(samples: list[float]) -> dict[str, Any]:
    middle = median(samples)
    strays = max(max(samples) - middle, middle - min(samples)) / middle * 100 if middle else 0.0
    return {"strays": round(strays, 1), "MB": [samples[0], samples[-1]], "least": min(samples), "most": max(samples)}
