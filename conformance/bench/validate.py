"""The validator: resources a second on one core, what it takes to start, and what it keeps."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from statistics import median
from typing import Any

from conformance.bench.data import Data
from conformance.bench.machine import calibration, cores, pin
from conformance.bench.report import Figure, WrongOutcome
from conformance.bench.resources import PROFILE, bundles, patients
from interop.fhir.definitions import Definitions
from interop.fhir.terminology import Terminology
from interop.fhir.validation import check
from interop.fhir.validation.validator import Validator

METHOD = "In one process on one core, over resources that are already read; each is met once, so no narrative is remembered."
PACKAGE = Path(__file__).parents[3] / "shared" / "reference" / "uk-core-r4.tgz"
SHARE = 20
"""One in so many resources is broken, and must be found."""
SIZE = 50
START = """
import json, re, sys, time
before = time.perf_counter()
from interop.fhir.validation import check
loaded = time.perf_counter()
check(json.loads(sys.stdin.read()))
checked = time.perf_counter()
memory = int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
print(json.dumps([loaded - before, checked - loaded, memory]))
"""
Check = Callable[[Any], Any]


def measure(data: Data, runs: int, directory: Path) -> list[Figure]:
    """Rates against base R4 and, where UK Core's package is there, against a profile. Raises WrongOutcome where a sound resource
    has an error or a broken one has none."""
    pin([cores()[-1]])
    try:
        people = patients(data.seed, data.count)
        whole = bundles(data.seed, max(1, data.count // 10), SIZE)
        figures = [
            _rate("Patient, base R4", "resources/s", check, _some_broken(people), runs, 15_000),
            _rate(f"Bundle of {SIZE}, base R4", "Bundles/s", check, _some_broken(whole), runs, 300),
        ]
        if PACKAGE.exists():
            definitions = Definitions.base().with_packages([PACKAGE])
            validator = Validator(definitions, Terminology(definitions))
            few = _some_broken(people[: max(SHARE, data.count // 10)])
            figures.append(_rate("Patient, UK Core", "resources/s", validator.validate, few, runs, 1_000))
            figures[-1].notes["profile"] = PROFILE
        figures[0].notes |= _start(people[0], runs)
        return figures
    finally:
        pin(cores())


def _some_broken(resources: list[Any]) -> list[tuple[Any, bool]]:
    """The resources, one in SHARE with a day that does not exist."""
    made = []
    for number, each in enumerate(resources):
        broken = number % SHARE == SHARE - 1
        one = deepcopy(each) if broken else each
        if broken:
            (one["entry"][0]["resource"] if "entry" in one else one)["birthDate"] = "2025-02-30"
        made.append((one, broken))
    return made


def _rate(name: str, unit: str, validate: Check, resources: list[tuple[Any, bool]], runs: int, target: float) -> Figure:
    figure = Figure(name, unit, [], target=target)
    validate(resources[0][0])
    for _ in range(runs):
        figure.calibration.append(calibration())
        start = time.perf_counter()
        said = [validate(resource) for resource, _ in resources]
        figure.runs.append(len(resources) / (time.perf_counter() - start))
        wrong = sum(
            any(each.severity == "error" for each in found) != broken for found, (_, broken) in zip(said, resources, strict=True)
        )
        if wrong:
            raise WrongOutcome(f"{name}: {wrong:,} of {len(resources):,} judged wrongly")
    broken = sum(broken for _, broken in resources)
    figure.notes = {"resources": f"{len(resources):,}, of which {broken:,} broken and found"}
    return figure


def _start(resource: Any, runs: int) -> dict[str, Any]:
    """What a fresh process takes to import, to check its first resource (tables and rules included), and its memory."""
    said = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", START], input=json.dumps(resource), capture_output=True, text=True, check=True
            ).stdout
        )
        for _ in range(runs)
    ]
    imported, first, memory = (median(values) for values in zip(*said, strict=True))
    return {
        "start": f"import {imported * 1000:.0f} ms, first resource with tables and rules {first * 1000:.0f} ms",
        "memory of a fresh process": f"{memory:.0f} MB",
    }
