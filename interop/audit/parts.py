"""The files of the audit: a chain's parts in order, ``CHAIN-PART.log``."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

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
    """A new part that this process holds; raises FileExistsError where another process has made it."""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
    file = os.open(part_path(directory, chain, part), flags, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    sync_directory(directory)
    return file


def held(path: Path) -> bool:
    """Whether a process that lives holds a part."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


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
