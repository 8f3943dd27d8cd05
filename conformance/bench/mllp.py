"""MLLP: how many messages a second are acknowledged when the acknowledgement waits for the disk."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from conformance.bench import load
from conformance.bench.data import Data
from conformance.bench.machine import calibration
from conformance.bench.report import Figure, WrongOutcome
from conformance.bench.server import Server


class Case(NamedTuple):
    """A way to measure: ``share`` of the messages is sent, after ``WARM`` that do not count."""

    name: str
    connections: int
    hold: bool
    target: int
    share: float


CASES = (
    Case("accepted over 16 connections", 16, True, 8_000, 1.0),
    Case("accepted over 1 connection", 1, True, 1_800, 0.25),
    Case("accepted over 16 connections while applying", 16, False, 4_000, 1.0),
)
WARM = 500
PATIENCE = 600.0
METHOD = (
    "Every AA follows the sync of the journal (ack=journalled). Each connection sends, waits, sends. The client is one process "
    "of asyncio and uvloop on the same cores."
)


def measure(data: Data, runs: int, directory: Path) -> list[Figure]:
    """A figure for each case; raises WrongOutcome where an answer is not AA or a message is not applied."""
    return [_case(case, data, runs, directory) for case in CASES]


def _case(case: Case, data: Data, runs: int, directory: Path) -> Figure:
    figure = Figure(case.name, "messages/s", [], target=case.target)
    count = int((data.count - WARM) * case.share)
    for _ in range(runs):
        with TemporaryDirectory(dir=directory) as place:
            figure.calibration.append(calibration())
            with Server(Path(place), hold=case.hold) as server:
                load.finish(load.start("mllp", server.mllp, data.path, 0, WARM, case.connections), WARM)
                if not case.hold:
                    server.settled(WARM, PATIENCE)
                said = load.finish(load.start("mllp", server.mllp, data.path, WARM, count, case.connections), count)
                figure.runs.append(count / (said["end"] - said["start"]))
                figure.notes = {"answers AA": f"{count:,}", "wait for the answer, ms": said["waits"]}
                if case.hold:
                    _held(server, WARM + count)
                else:
                    applied = server.states().get("applied", 0) - WARM
                    figure.notes["applied meanwhile"] = f"{applied / (said['end'] - said['start']):,.0f} messages/s"
                    server.settled(WARM + count, PATIENCE)
    return figure


def _held(server: Server, count: int) -> None:
    states = server.states()
    if states.get("waiting", 0) != count:
        raise WrongOutcome(f"{count:,} messages sent to an engine that applies none, by state {states}")
