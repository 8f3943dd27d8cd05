"""A look at the whole audit beside the work, in a thread of its own: one at a time, its last result kept."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from interop.audit.key import Verifier
from interop.audit.verify import Verified, verify

NEVER: Final = "never"
RUNNING: Final = "running"
WELL: Final = "well"
BAD: Final = "bad"
FAILED: Final = "failed"


class Verifying:
    """Looks at a directory and at the checkpoints ``elsewhere``. ``total`` and ``done`` are in bytes; ``when`` the last look was
    begun, in microseconds."""

    def __init__(self, directory: Path, elsewhere: Path, key: Verifier) -> None:
        self._directory, self._elsewhere, self._key = directory, elsewhere, key
        self.state, self.done, self.total, self.when = NEVER, 0, 0, 0
        self.found: Verified | None = None

    def begin(self, now: int) -> None:
        """Begin, where none is under way."""
        if self.state == RUNNING:
            return
        self.state, self.done, self.when = RUNNING, 0, now
        self.total = sum(path.stat().st_size for path in self._directory.glob("*.log"))
        threading.Thread(target=self._look, name="audit verify", daemon=True).start()

    def _look(self) -> None:
        try:
            found = verify(self._directory, self._elsewhere, self._key, self._told)
        except OSError:
            self.state = FAILED
            return
        self.found, self.state = found, WELL if found.bad is None else BAD

    def _told(self, more: int) -> None:
        self.done += more
