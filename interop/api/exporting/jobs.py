"""The directory of an engine's exports: a directory for each, with the file of its job beside what is written. It blocks: for a
thread.

All processes that answer share it. Who works on a job holds the lock of its directory.
"""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Final

from interop.api.exporting.job import NAME, Job, decoded, keep
from interop.api.exporting.locking import let_go, taken
from interop.api.exporting.writing import type_of
from interop.errors import Problem

MADE: Final = ".new"
"""How a directory ends in which a job is being made."""
LEFT: Final = 24 * 3_600
"""Seconds after which a directory is nobody's that has no job that can be read: longer than one that is done is kept, and who
works on one writes there every few seconds."""
GIVEN_UP: Final = "cancelled"
"""The file by which whoever works on a job is told that nobody wants it."""


class Jobs:
    """Those of a directory of its own, readable by its owner alone."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._mine = ""
        """The job that this process works on."""
        self._file = threading.Lock()

    def _ready(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _all(self) -> list[Job]:
        """What can be read. What cannot may be in the making, of another version, or of a disk that fails: it goes when it has
        stood for so long that nobody has it any more."""
        found = []
        with suppress(FileNotFoundError):
            for each in self.directory.iterdir():
                if each.suffix != MADE and (job := self._found(each.name)) is not None:
                    found.append(job)
                elif _stood(each) > LEFT:
                    self._remove(each.name)
        return sorted(found, key=lambda job: job.requested)

    def _found(self, id: str) -> Job | None:
        try:
            job = decoded((self.directory / id / NAME).read_bytes())
        except (OSError, ValueError):
            return None
        job.cancelled = self._cancelled(job)
        return job

    def _cancelled(self, job: Job) -> bool:
        return job.cancelled or (self.directory / job.id / GIVEN_UP).exists()

    def _given_up(self, id: str) -> bool:
        """Take it away where nobody works on it, else leave word; which of the two."""
        place = self.directory / id
        with suppress(OSError):
            (place / GIVEN_UP).touch(0o600)
        lock = taken(place) if id != self._mine else None
        if lock is None:
            return not place.exists()
        self._remove(id)
        let_go(place, lock)
        return True

    def _leave(self, id: str, lock: int) -> None:
        """Let others work on it; who gave it up meanwhile left that to whoever held it."""
        place = self.directory / id
        let_go(place, lock)
        if (place / GIVEN_UP).exists():
            self._given_up(id)

    def _make(self, job: Job) -> None:
        """Whoever sees the directory sees what the job is."""
        made = self.directory / f"{job.id}{MADE}"
        made.mkdir(mode=0o700)
        keep(made, job)
        made.rename(self.directory / job.id)

    def _keep(self, job: Job) -> None:
        try:
            with self._file:
                keep(self.directory / job.id, job)
        except OSError as error:
            raise Problem("export-no-room", detail=type_of(error)) from None

    def _empty(self, job: Job) -> None:
        for each in (self.directory / job.id).glob("*.ndjson"):
            each.unlink(missing_ok=True)
        self._keep(job)

    def _remove(self, name: str) -> None:
        shutil.rmtree(self.directory / name, ignore_errors=True)


def _stood(place: Path) -> float:
    """Seconds since something was made or removed there, by the clock of the files; 0 where that cannot be told."""
    with suppress(OSError):
        return time() - place.stat().st_mtime
    return 0.0
