"""The machine that a figure is of, and a fixed piece of work by which figures of different moments can be compared."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

WORK = 40_000
"""Rounds of the calibration loop."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Hardware and versions. ``fsync`` is the median of an append of 4 KiB and its sync, in milliseconds."""

    cpu: str
    cores: int
    kernel: str
    python: str
    sqlite: str
    fsync: float

    def as_json(self) -> dict[str, Any]:
        """The facts by name."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, Linux {self.kernel}, Python {self.python}, SQLite {self.sqlite}, "
            f"append and sync of 4 KiB {self.fsync:.2f} ms"
        )


def machine(directory: Path) -> Machine:
    """This machine; the sync is measured in ``directory``."""
    return Machine(
        cpu_model(),
        len(cores()),
        platform.release(),
        platform.python_version(),
        sqlite3.sqlite_version,
        round(fsync_time(directory) * 1000, 3),
    )


def cpu_model() -> str:
    """The processor as the kernel names it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def pin(wanted: list[int]) -> None:
    """Keep this process, and those it starts, to these cores, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, wanted)


def fsync_time(directory: Path, times: int = 50) -> float:
    """Seconds for an append of 4 KiB and its sync: the median."""
    path = directory / "sync"
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            start = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - start)
    path.unlink()
    return median(taken)


def calibration() -> float:
    """Milliseconds of processor and waiting time for a fixed piece of pure Python work: splitting, joining, dictionaries."""
    start = time.perf_counter()
    total = 0
    for number in range(WORK):
        parts = f"A|{number}|B^{number % 7}^C|D".split("|")
        found = {name: place for place, name in enumerate(parts)}
        total += found["D"] + len("^".join(parts))
    assert total
    return (time.perf_counter() - start) * 1000
