"""The audit in a backup: whole rows of every chain, and what a restore declares of those that are missing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from interop.audit.certificates import SUFFIX as CERTIFICATE
from interop.audit.chain import parted
from interop.audit.checkpoints import SUFFIX
from interop.audit.disposal import SUFFIX as REMOVED
from interop.audit.parts import chains, lines, part_path
from interop.audit.row import CLOSED, decode

PLACE: Final = "checkpoints"
BLOCK: Final = 1 << 20


def copy(directory: Path, elsewhere: Path, target: Path, put: Callable[[str], None]) -> dict[str, Any]:
    """Copy checkpoints, then rows, so that no checkpoint names a row that is not there; of the chains the latest first, since
    chains name rows of those before them. The last chain, and the number of rows of each that had not ended."""
    (target / PLACE).mkdir(mode=0o700, parents=True, exist_ok=True)
    there = chains(directory)
    signed = [path for suffix in (SUFFIX, REMOVED, CERTIFICATE) for path in sorted(elsewhere.glob(f"*{suffix}"))]
    for path in signed:
        _copied(path, target / PLACE / path.name)
        put(f"{PLACE}/{path.name}")
    open_: dict[str, int] = {}
    for chain in sorted(there, reverse=True):
        last = b""
        for part in there[chain]:
            path = part_path(directory, chain, part)
            _copied(path, target / path.name)
            last = _last(target / path.name) or last
            put(path.name)
        found = parted(last)
        if found is not None and decode(found[0]).kind != CLOSED:
            open_[str(chain)] = found[1]
    return {"last": max(there, default=0), "open": open_}


def _copied(path: Path, target: Path) -> None:
    """Copy the whole lines of a file that grows."""
    with path.open("rb") as file, os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
        rest = b""
        while block := file.read(BLOCK):
            whole, end, rest_ = (rest + block).rpartition(b"\n")
            out.write(whole + end)
            rest = rest_
        out.flush()
        os.fsync(out.fileno())


def _last(path: Path) -> bytes:
    found = b""
    for _, line in lines(path, max(0, path.stat().st_size - BLOCK)):
        found = line
    return found
