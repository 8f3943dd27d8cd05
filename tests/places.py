"""Where things are, for tests."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
"""The repository."""

SHARED = ROOT.parent / "shared"
"""Reference material beside the repository. It may be absent: see the fixture ``shared``."""


def memory(room: int) -> Path:
    """A directory for what does not outlive a run: in memory where ``room`` bytes are free, for there nothing waits for a disk."""
    held = Path("/dev/shm")
    return held if held.is_dir() and shutil.disk_usage(held).free > room else Path(tempfile.gettempdir())
