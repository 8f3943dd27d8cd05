"""``conformance bench``: which benches run, on what data, and how they are shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from conformance.bench import apply, backlog, console, convert, converted, feeds, lag, mllp, read, validate
from conformance.bench.data import Data, write
from conformance.bench.families import CASES as CASES
from conformance.bench.machine import cores, machine
from conformance.bench.report import Figure, Report, WrongOutcome
from conformance.bench.resources import made


class Bench(NamedTuple):
    """A bench: how many messages unless told, of which trigger, and what measures."""

    messages: int
    trigger: str
    measure: Callable[[Data, int, Path], list[Figure]]
    method: str
    data: Callable[[Path, int, int, str], Data] = write


BENCHES = {
    "convert": Bench(20_000, "A01", convert.measure, "One core for the converter; losses are always counted."),
    "mllp": Bench(20_500, "", mllp.measure, mllp.METHOD),
    "apply": Bench(20_000, "", apply.measure, apply.METHOD),
    "feeds": Bench(20_000, "", feeds.measure, feeds.METHOD),
    "read": Bench(5_000, "", read.measure, read.METHOD),
    "lag": Bench(3_000, "", lag.measure, lag.METHOD),
    "backlog": Bench(20_000, "", backlog.measure, backlog.METHOD),
    "console": Bench(30_500, "", console.measure, console.METHOD),
    "validate": Bench(5_000, "", validate.measure, validate.METHOD, made),
}
FULL = {"apply": 200_000, "backlog": 1_000_000}
RUNS = 5


def run(names: list[str], *, messages: int | None, seed: int, runs: int | None, full: bool, as_json: bool) -> int:
    """Run benches one after the other; 1 where an outcome is wrong. ``full``: apply over 200,000 messages, backlog over 1,000,000,
    once unless told."""
    status = 0
    with TemporaryDirectory(prefix="bench-") as place:
        directory = Path(place)
        for name in names:
            bench = BENCHES[name]
            whole = full and name in FULL
            count = messages or (FULL[name] if whole else bench.messages)
            data = bench.data(directory / f"{name}.mllp", seed, count, bench.trigger)
            facts = machine(directory)
            where = f"all of cores {', '.join(map(str, cores()))}" if name not in ("convert", "validate") else f"core {cores()[-1]}"
            report = Report(
                name, facts, f"interop {version('interop')}, on {where}", str(data), data.as_json(), method=bench.method
            )
            try:
                report.figures = bench.measure(data, runs or (1 if whole else RUNS), directory)
            except WrongOutcome as wrong:
                print(f"{name}: {wrong}", file=sys.stderr)
                status = 1
                continue
            finally:
                data.path.unlink()
            report.show(as_json=as_json)
            if name == "backlog" and not backlog.flat(report.figures):
                print(f"backlog: memory is not flat within {backlog.FLAT:.0f}%", file=sys.stderr)
                status = 1
    return status


def families(names: list[str], *, messages: int | None, seed: int, runs: int | None, as_json: bool) -> int:
    """Run the bench of conversion over families, one after the other; 1 where an outcome is wrong."""
    status = 0
    with TemporaryDirectory(prefix="bench-") as place:
        directory = Path(place)
        for name in names:
            case = CASES[name]
            count = messages or case.messages
            said = f"{count:,} {case.unit.partition('/')[0]}, generated and distinct, seed {seed}"
            where = f"interop {version('interop')}, on core {cores()[-1]}"
            facts = {"family": name, "seed": seed, "count": count}
            report = Report(f"convert {name}", machine(directory), where, said, facts, method=converted.METHOD)
            try:
                report.figures = converted.measure(case, seed, count, runs or RUNS, directory)
            except WrongOutcome as wrong:
                print(f"convert {name}: {wrong}", file=sys.stderr)
                status = 1
                continue
            report.show(as_json=as_json)
    return status
