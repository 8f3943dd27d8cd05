"""``interop convert`` on one core, and another converter on the same messages in the same run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from conformance.bench.carried import METHOD, carried
from conformance.bench.data import Data
from conformance.bench.machine import calibration, cores
from conformance.bench.report import Figure, WrongOutcome
from conformance.bench.server import command

TARGET = 8_000
COMPARED = 4_000
"""Messages that the other converter gets: its rate does not depend on how many."""
ASKED = 10
"""Messages whose every component is blanked in turn."""
LONGEST = 300.0


def measure(data: Data, runs: int, directory: Path) -> list[Figure]:
    """The rates whole and without start-up, the other's rate, and what each carries. Raises WrongOutcome."""
    one, some = directory / "one.mllp", directory / "some.mllp"
    frames = [part + b"\x1c\r" for part in data.path.read_bytes().split(b"\x1c\r") if part]
    one.write_bytes(frames[0])
    some.write_bytes(b"".join(frames[:COMPARED]))
    whole = Figure("interop convert, process and all", "messages/s", [])
    net = Figure("interop convert, start-up apart", "messages/s", [], target=TARGET)
    other = Figure("hl7v2-fhir-bridge, start-up apart, its validation off", "messages/s", [])
    starts: list[float] = []
    versions = ""
    for _ in range(runs):
        calibrated = calibration()
        started, _ = _convert(one, 1)
        taken, size = _convert(data.path, data.count)
        starts.append(started)
        whole.runs.append(data.count / taken)
        net.runs.append((data.count - 1) / (taken - started))
        said = _bridge(some, min(COMPARED, data.count))
        other.runs.append(said["done"] / said["seconds"])
        versions = said["version"]
        for figure in (whole, net, other):
            figure.calibration.append(calibrated)
        net.notes = {"start-up": f"{median(starts):.2f} s", "Bundles": f"{data.count:,}, {size / data.count:,.0f} bytes each"}
    bodies = [frame[1:-2] for frame in frames[:ASKED]]
    for figure, bundles in ((net, _interop_bundles), (other, _bridge_bundles)):
        reached, populated = carried(bodies, partial(bundles, directory=directory))
        figure.notes["source components carried"] = f"{reached} of {populated} in {len(bodies)} messages ({METHOD})"
    other.notes["version"] = versions
    other.notes["ratio"] = f"interop convert is {net.value / other.value:.2f} times as fast"
    return [whole, net, other]


def _core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cores()[-1]})


def _convert(path: Path, count: int) -> tuple[float, int]:
    """Seconds and output bytes; raises WrongOutcome where a message has no Bundle."""
    out = path.with_suffix(".ndjson")
    with out.open("wb") as file:
        start = time.perf_counter()
        status = subprocess.run([command(), "convert", str(path)], stdout=file, preexec_fn=_core, timeout=LONGEST).returncode
        taken = time.perf_counter() - start
    bundles = size = 0
    with out.open("rb") as file:
        for line in file:
            bundles += line.startswith(b'{"resourceType":"Bundle"') and b'"resourceType":"Encounter"' in line
            size += len(line)
    out.unlink()
    if status or bundles != count:
        raise WrongOutcome(f"{count:,} messages made {bundles:,} Bundles with an Encounter, exit {status}")
    return taken, size


def _bridge(path: Path, count: int) -> dict[str, Any]:
    arguments = [sys.executable, "-m", "conformance.bench.bridge", str(path)]
    out = subprocess.run(arguments, stdout=subprocess.PIPE, preexec_fn=_core, timeout=LONGEST, check=True)
    said: dict[str, Any] = json.loads(out.stdout)
    if said["done"] != count:
        raise WrongOutcome(f"{count:,} messages made {said['done']:,} Bundles with hl7v2-fhir-bridge, {said['failed']:,} failed")
    return said


def _interop_bundles(bodies: list[bytes], directory: Path) -> list[Any]:
    path = _written(bodies, directory)
    done = subprocess.run([command(), "convert", str(path)], capture_output=True, timeout=LONGEST)
    failed = {json.loads(line)["message"] for line in done.stderr.splitlines()}
    lines = iter(done.stdout.splitlines())
    return [None if number in failed else next(lines) for number in range(1, len(bodies) + 1)]


def _bridge_bundles(bodies: list[bytes], directory: Path) -> list[Any]:
    path = _written(bodies, directory)
    arguments = [sys.executable, "-m", "conformance.bench.bridge", str(path), "--bundles"]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, timeout=LONGEST, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _written(bodies: list[bytes], directory: Path) -> Path:
    path = directory / "asked.mllp"
    path.write_bytes(b"".join(b"\x0b" + body + b"\x1c\r" for body in bodies))
    return path
