"""Directories that are still there when the power went."""

from __future__ import annotations

import os
from pathlib import Path


def make_directory(path: Path) -> None:
    """Make a directory, readable by its owner alone, and those above it that are missing. Its name is on disk when this returns,
    also where it was there. Raises OSError."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in {path, *missing}:
        sync_directory(each.absolute().parent)


def sync_directory(path: Path) -> None:
    """Let the names in a directory be on disk. Raises OSError."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
