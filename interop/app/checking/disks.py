"""Directories that are written to: whether they can be, who else may read them, how much room there is."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from interop.app.checking.finding import Finding, Level
from interop.app.settings import Settings
from interop.ports import Feed

LEAST: Final = 1 << 30
"""Bytes free below which it is dangerous: a burst of messages fills them within minutes."""
LITTLE: Final = 0.1
"""The free part of a disk below which it is told."""


def disks(settings: Settings) -> Iterator[Finding]:
    """Findings about the data directory, that of the audit's checkpoints, and the watched folders."""
    seen: set[int] = set()
    named = {"data": settings.data} | ({"checkpoints": settings.checkpoints} if settings.checkpoints is not None else {})
    for setting, path in named.items():
        at = _there(path)
        if not at.is_dir():
            yield Finding(Level.STOPS, setting, f"{at} is no directory.", f"Name a directory with {setting}.")
            continue
        if not os.access(at, os.W_OK | os.X_OK):
            action = "Give it to the user that the engine runs as, or name another."
            yield Finding(Level.STOPS, setting, f"{at} cannot be written to.", action)
        if path == settings.data and path.is_dir() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Finding(Level.DANGER, setting, f"Others on this machine may look into {path}.", f"chmod 700 {path}")
        if at.stat().st_dev not in seen:
            seen.add(at.stat().st_dev)
            yield from _room(setting, at)


def folders(feeds: Iterable[Feed]) -> Iterator[Finding]:
    """Watched folders that cannot be used, or by which anybody here may send. A start waits for those that are not there."""
    for feed in feeds:
        if not feed.folder:
            continue
        at, whose = Path(feed.folder), f"The folder {feed.folder} of the feed {feed.name}"
        if not at.is_dir():
            yield Finding(
                Level.DANGER, "feeds", f"{whose} is not there: nothing comes in by it.", "Make it, or mount what it is on."
            )
        elif not os.access(at, os.R_OK | os.W_OK | os.X_OK):
            action = "Give it to the user that the engine runs as."
            yield Finding(Level.DANGER, "feeds", f"{whose} cannot be read and written: nothing comes in by it.", action)
        elif stat.S_IMODE(at.stat().st_mode) & 0o002:
            sentence = f"Anybody on this machine may write to it: {whose[0].lower()}{whose[1:]}. So anybody may send as that feed."
            yield Finding(Level.DANGER, "feeds", sentence, f"chmod o-w {at}")


def _room(setting: str, at: Path) -> Iterator[Finding]:
    usage = shutil.disk_usage(at)
    said = f"{usage.free / (1 << 30):.1f} GiB of {usage.total / (1 << 30):.1f} GiB are free where {at} is."
    if usage.free < LEAST:
        yield Finding(
            Level.DANGER, setting, said, "Make room, or name a place on a larger disk: a full disk refuses every message."
        )
    elif usage.free < usage.total * LITTLE:
        yield Finding(Level.NOTICE, setting, said, "Watch it, or name a place on a larger disk.")


def _there(path: Path) -> Path:
    """The path, or what is above it and exists: a start makes the rest."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
