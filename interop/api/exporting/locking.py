"""Who works on an export: whoever holds the lock of its directory, which goes with the process. It blocks: for a thread."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

NAME: Final = "lock"


def taken(directory: Path) -> int | None:
    """The lock, to be given to ``let_go``; None where somebody else works there, or nothing is there any more."""
    path = directory / NAME
    try:
        file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.stat(path).st_ino == os.fstat(file).st_ino:
            return file
    except OSError:
        pass
    os.close(file)
    return None


def let_go(directory: Path, lock: int) -> None:
    """Others may work there."""
    with suppress(OSError):
        (directory / NAME).unlink()
    os.close(lock)
