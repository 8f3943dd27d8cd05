"""An engine of this environment, started by its command line on free loopback ports and a directory of its own."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from conformance.bench.reading import get
from conformance.bench.report import WrongOutcome

STARTED = re.compile(r"FHIR http://[^ ]*?:(\d+)/fhir.*MLLP port (\d+)")
PATIENCE = 180.0
"""Seconds within which an engine must be up, or down."""
FEED = "bench"
NOTHING: Final[Mapping[str, str]] = {}


def command(name: str = "interop") -> str:
    """The console script of this environment."""
    return str(Path(sys.executable).with_name(name))


class Server:
    """A running ``interop serve``; a context manager. ``hold``: take messages in and apply none. ``open``: nobody signs on.
    ``environment``: variables besides those of this process; ``errors``: an open file for what it says of itself."""

    def __init__(
        self,
        directory: Path,
        *,
        hold: bool = False,
        mappers: int | None = None,
        http: str = "127.0.0.1:0",
        mllp: str = "127.0.0.1:0",
        feed: str = FEED,
        options: tuple[str, ...] = (),
        open: bool = True,
        environment: Mapping[str, str] = NOTHING,
        errors: int | None = None,
    ) -> None:
        self.directory = directory
        arguments = [
            command(),
            "serve",
            *(("--open",) if open else ()),
            "--data",
            str(directory),
            "--http",
            http,
            "--mllp",
            mllp,
            "--mllp-feed",
            feed,
            *options,
        ]
        arguments += ["--mappers", str(mappers)] if mappers is not None else []
        self._process = subprocess.Popen(
            arguments,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, "INTEROP_HOLD": "1" if hold else "0", **environment},
            text=True,
        )
        try:
            self.http, self.mllp = self._ports()
        except BaseException:
            self._process.kill()
            self.close()
            raise

    def _ports(self) -> tuple[int, int]:
        out = self._process.stdout
        assert out is not None
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            if select.select([out], [], [], 0.5)[0] and (found := STARTED.search(out.readline())):
                return int(found[1]), int(found[2])
        self.close()
        raise WrongOutcome("the engine did not start")

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it as an operator would, and by force where it does not."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def kill(self) -> None:
        """SIGKILL: nothing of it gets to say goodbye. Its end is not waited for."""
        self._process.kill()

    @property
    def process(self) -> int:
        """The number of the owner process."""
        return self._process.pid

    def states(self) -> dict[str, int]:
        """Messages of the feed by state, from ``/metrics``."""
        counts: dict[str, int] = {}
        for line in get(self.http, "/metrics").decode().splitlines():
            if found := re.fullmatch(rf'interop_messages\{{feed="{FEED}",state="(\w+)"\}} ([\d.e+]+)', line):
                counts[found[1]] = int(float(found[2]))
        return counts

    def settled(self, count: int, seconds: float) -> dict[str, int]:
        """Wait until ``count`` messages have an outcome. Raises WrongOutcome where it takes longer or any is not applied."""
        until = time.monotonic() + seconds
        while True:
            states = self.states()
            finished = sum(states.get(name, 0) for name in ("applied", "refused", "failed", "shelved"))
            if finished >= count:
                break
            if time.monotonic() > until:
                raise WrongOutcome(f"{finished:,} of {count:,} messages have an outcome after {seconds:.0f} s: {states}")
            time.sleep(0.1)
        if states.get("applied", 0) != count:
            raise WrongOutcome(f"{count:,} messages sent, by state {states}")
        return states

    def memory(self) -> dict[str, float]:
        """Resident MB of the owner and of all its mappers together."""
        owner = self._process.pid
        return {"owner": resident(owner), "mappers": sum(resident(child) for child in children(owner))}

    def files(self) -> dict[str, float]:
        """MB of each file of the data directory."""
        return {path.name: round(path.stat().st_size / 1e6, 1) for path in sorted(self.directory.iterdir()) if path.is_file()}


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    try:
        return [int(text) for text in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def spent(process: int) -> float:
    """Seconds of processor time, of the system and its own, that a process has taken."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(process: int) -> float:
    """Resident memory of a process in MB."""
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0.0
    return round(int(found[1]) / 1024, 1) if found else 0.0
