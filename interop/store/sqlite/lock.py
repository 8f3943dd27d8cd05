"""One process writes to a data directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class DirectoryLock:
    """Held from opening to closing; the system lets go of it when the process ends, however it ends."""

    def __init__(self, directory: Path) -> None:
        self._file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise BlockingIOError(f"{directory} is in use by another process; stop it or choose another data directory") from None

    def release(self) -> None:
        """Let go."""
        os.close(self._file)
