"""What a command takes: ``python -m conformance.bench.spent OUT COMMAND...`` runs it on this core and tells on standard output.

It stands in a small process of its own: the peak memory of a child is never told as less than its parent's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

LONGEST = 600.0


class Spent(NamedTuple):
    """Processor time (user and system) and time on the clock in seconds, peak resident memory in MB, exit status."""

    processor: float
    clock: float
    memory: float
    status: int


def spent(arguments: list[str], out: Path, core: int) -> Spent:
    """Run a command with its standard output in ``out``, on one core."""
    asked = [sys.executable, "-m", "conformance.bench.spent", str(out), str(core), *arguments]
    said = subprocess.run(asked, stdout=subprocess.PIPE, timeout=LONGEST, check=True)
    return Spent(**json.loads(said.stdout))


def main() -> None:
    """The process."""
    out, core, *arguments = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    start = time.perf_counter()
    with open(out, "wb") as file:
        child = subprocess.Popen(arguments, stdout=file)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    taken = time.perf_counter() - start
    said = Spent(usage.ru_utime + usage.ru_stime, taken, usage.ru_maxrss / 1024, child.returncode)
    print(json.dumps(said._asdict()))


if __name__ == "__main__":
    main()
