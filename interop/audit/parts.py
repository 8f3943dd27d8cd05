"""The files of the audit: a chain's parts in order, ``CHAIN-PART.log``."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path
from time import monotonic, sleep
from typing import Final

PROBED: Final = 0.05
"""Seconds for which a new part is waited for: to ask whether somebody holds it takes microseconds."""
_NAME: Final = re.compile(r"(\d{8})-(\d{4,})\.log")


def places(data: Path, checkpoints: Path | None) -> tuple[Path, Path]:
    """Where the logs of a data directory are, and their checkpoints: beside them unless another place is named."""
    directory = data / "audit"
    return directory, checkpoints or directory / "checkpoints"


def part_path(directory: Path, chain: int, part: int) -> Path:
    """Where a part of a chain is."""
    return directory / f"{chain:08d}-{part:04d}.log"


def chains(directory: Path) -> dict[int, list[int]]:
    """The parts of each chain that is there, both in order."""
    found: dict[int, list[int]] = {}
    with suppress(FileNotFoundError):
        for path in directory.iterdir():
            if name := _NAME.fullmatch(path.name):
                found.setdefault(int(name[1]), []).append(int(name[2]))
    return {chain: sorted(found[chain]) for chain in sorted(found)}


def create(directory: Path, chain: int, part: int) -> int:
    """A new part that this process holds; raises FileExistsError where another process has made it. What cannot be held or be
    brought to disk is not left behind: it can be tried again."""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
    path = part_path(directory, chain, part)
    file = os.open(path, flags, 0o600)
    try:
        _hold(file, PROBED, 0.000_1)
        sync_directory(directory)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        os.close(file)
        raise
    return file


def _hold(file: int, patience: float, pause: float) -> None:
    """Hold a file; raises BlockingIOError where others have it for more than ``patience`` seconds."""
    until = monotonic() + patience
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() >= until:
                raise
            sleep(pause)


def goes_on(directory: Path, chain: int, parts: list[int]) -> bool:
    """Whether a process that lives holds a chain of these parts. It holds the part before until it holds the next; while it makes
    that, nobody holds the file."""
    while not any(held(part_path(directory, chain, each)) for each in parts[-2:]):
        following = parts[-1] + 1
        if not part_path(directory, chain, following).exists():
            return False
        parts = [parts[-1], following]
    return True


def held(path: Path) -> bool:
    """Whether a process that lives holds a part; nobody holds one that is gone."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def alive(directory: Path) -> bool:
    """Whether a process that lives writes to a chain."""
    return any(goes_on(directory, chain, parts) for chain, parts in chains(directory).items())


@contextmanager
def turn(path: Path, patience: float = inf) -> Iterator[None]:
    """Until the block ends no other process, and no other thread, is in one with this file. Blocks; raises OSError, of which
    BlockingIOError where another is in one for more than ``patience`` seconds."""
    file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        if patience == inf:
            fcntl.flock(file, fcntl.LOCK_EX)
        else:
            _hold(file, patience, 0.01)
        yield
    finally:
        os.close(file)


def sync_directory(directory: Path) -> None:
    """Let the names of a directory's files be on disk."""
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def lines(path: Path, offset: int = 0, size: int = 1 << 20) -> Iterator[tuple[int, bytes]]:
    """The whole lines of a file from a place on, each with the place after it and without its line break. What follows the last
    line break is left out."""
    with path.open("rb") as file:
        file.seek(offset)
        rest = b""
        while block := file.read(size):
            rest += block
            *whole, rest = rest.split(b"\n")
            for line in whole:
                offset += len(line) + 1
                yield offset, line
