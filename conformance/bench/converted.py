"""``interop convert`` of each family, beside its peers: processor time on one core, start-up apart, and peak memory."""

from __future__ import annotations

import json
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from conformance.bench.families import Case
from conformance.bench.machine import calibration, cores
from conformance.bench.peers import PEERS
from conformance.bench.report import Figure, WrongOutcome
from conformance.bench.server import command
from conformance.bench.spent import Spent, spent

METHOD = (
    "Processor time of one process on one core, less that of the same process with one message; losses are always counted. "
    "Runs of engine and peers take turns."
)
OPENED = """
import sys
from pathlib import Path
from interop.mapping.files import messages
for name in sys.argv[1:]:
    for adapter, body in messages(Path(name)):
        adapter.open(body)
        print("{}")
"""
"""Reading alone: every message is opened as the engine does it, and none is mapped."""
ASKED = 100
"""Messages (of rows: messages of rows) whose loss report is read."""
LEAST = 0.01
"""Seconds below which a difference says nothing."""


def measure(case: Case, seed: int, count: int, runs: int, directory: Path) -> list[Figure]:
    """The rates of a family. Raises WrongOutcome where a message has no output."""
    with TemporaryDirectory(dir=directory) as place:
        one, *rest = _made(case, Path(place) / "all", seed, count)
        fewer = min(count, case.compared)
        _, *some = _made(case, Path(place) / "some", seed, fewer)
        size = sum(path.stat().st_size for path in rest) / count
        ours = _Work(f"{case.title}: interop convert", [command(), "convert"], count, rest, case.target)
        works = [ours]
        if case.read is not None:
            opened = [sys.executable, "-c", OPENED]
            works.append(_Work(f"{case.title}: read alone", opened, count, rest, case.read))
        for name in case.peers:
            peer = PEERS[name]
            said = f"{peer.package} {version(peer.package)}" if peer.package else f"Python {sys.version.split()[0]}"
            arguments = [sys.executable, "-m", "conformance.bench.peers", name]
            works.append(_Work(f"{case.title}: {said}", arguments, fewer, some, None, peer.does))
        figures = [Figure(work.name, case.unit, [], target=work.target) for work in works]
        for _ in range(runs):
            calibrated = calibration()
            for work, figure in zip(works, figures, strict=True):
                first, _ = _run([*work.arguments, str(one)], directory)
                done, lines = _run([*work.arguments, *map(str, work.files)], directory)
                if not lines or (case.unit != "rows/s" and lines < work.messages):
                    raise WrongOutcome(f"{work.name}: {work.messages:,} messages made {lines:,} outputs")
                figure.runs.append(work.messages / max(done.processor - first.processor, LEAST))
                figure.calibration.append(calibrated)
                figure.notes["peak memory, MB"] = f"{done.memory:.0f}, with one message {first.memory:.0f}"
        for work, figure in zip(works, figures, strict=True):
            figure.notes["MB/s"] = f"{figure.value * size / 1e6:.1f}, {size:,.0f} bytes each"
            if work.does:
                figure.notes["it"] = work.does
                figure.notes["ratio"] = f"interop convert has {figures[0].value / figure.value:.2f} times its rate"
        figures[0].notes |= _carried(rest[:ASKED], directory)
        return figures


class _Work(NamedTuple):
    """A command, the files that it gets and how many messages these hold, the least rate wanted, what a peer does."""

    name: str
    arguments: list[str]
    messages: int
    files: list[Path]
    target: float | None
    does: str = ""


def _made(case: Case, directory: Path, seed: int, count: int) -> list[Path]:
    directory.mkdir()
    return case.make(directory, seed, count)


def _run(arguments: list[str], directory: Path) -> tuple[Spent, int]:
    """What a command takes, and how many lines it writes; raises WrongOutcome where it fails."""
    out = directory / "out.ndjson"
    said = spent(arguments, out, cores()[-1])
    with out.open("rb") as file:
        lines = sum(1 for _ in file)
    out.unlink()
    if said.status:
        raise WrongOutcome(f"{arguments[0].rpartition('/')[2]}: exit {said.status}")
    return said, lines


def _carried(paths: list[Path], directory: Path) -> dict[str, Any]:
    """The share of the populated source fields that reach an element, and why the others do not."""
    out = directory / "report.ndjson"
    spent([command(), "convert", "--report", *map(str, paths)], out, cores()[-1])
    carried, reasons = 0, Counter[str]()
    with out.open("rb") as file:
        for line in file:
            said = json.loads(line)
            carried += said["carried"]
            for loss in said["losses"]:
                reasons[loss["reason"]] += loss["count"]
    out.unlink()
    fields = carried + reasons.total()
    why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items())) or "none"
    return {"source fields carried": f"{carried:,} of {fields:,} ({carried / max(fields, 1):.1%}); not: {why}"}
