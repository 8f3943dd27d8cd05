"""What the chains before this one came to: rows that a process was in the middle of, or that the power took, are set aside."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from interop.audit import checkpoints
from interop.audit.chain import beginning, follow, parted, stamp
from interop.audit.checkpoints import Checkpoint
from interop.audit.key import AuditKey
from interop.audit.parts import chains, goes_on, lines, part_path

LOOK_BACK: Final = 64
"""Chains, the latest, that are looked at: of all processes that share the directory, and of some starts of each."""


@dataclass(slots=True)
class Recovered:
    """The latest chain (0 = there is none), its number of rows and its head; ``aside`` the bytes that were set aside. Of a chain
    that goes on beside this one, as they were last signed: what came after may go with the power."""

    chain: int = 0
    sequence: int = 0
    head: bytes = b""
    aside: int = 0

    def told(self) -> dict[str, Any]:
        """What the first row of the next chain says of it."""
        return {"after": [self.chain, self.sequence, self.head.hex()], "aside": self.aside}


def recover(directory: Path, elsewhere: Path, key: AuditKey) -> Recovered:
    """Look at the ends of the latest chains that no process holds; what follows the last good row goes to a file ``.torn``."""
    there, signed = chains(directory), checkpoints.kept(elsewhere)
    found = Recovered()
    aside = 0
    for chain in sorted(there)[-LOOK_BACK:]:
        good = [one for one in signed.get(chain, ()) if one.genuine(key)]
        if goes_on(directory, chain, there[chain]):
            last = good[-1] if good else Checkpoint(chain, 0, beginning(chain), 0, 0, 0)
            found = Recovered(chain, last.sequence, last.head)
            continue
        sequence, head, rest = _end(directory, chain, there[chain], good[-1:], key)
        aside += rest
        found = Recovered(chain, sequence, head)
    found.aside = aside
    return found


def _end(directory: Path, chain: int, parts: list[int], since: Iterable[Checkpoint], key: AuditKey) -> tuple[int, bytes, int]:
    """Rows, head and how many bytes were set aside. From the last checkpoint on, where the file reaches as far."""
    sequence, head, first, offset = 0, beginning(chain), parts[0], 0
    for one in since:
        path = part_path(directory, chain, one.part)
        if path.exists() and path.stat().st_size >= one.offset:
            sequence, head, first, offset = one.sequence, one.head, one.part, one.offset
    for part in [part for part in parts if part >= first]:
        path = part_path(directory, chain, part)
        start = offset if part == first else 0
        good = start
        for end, line in lines(path, start):
            found = parted(line)
            if found is None or found[1] != sequence + 1:
                break
            following = follow(head, found[0])
            if stamp(key.stamps, following) != found[2]:
                break
            sequence, head, good = sequence + 1, following, end
        rest = path.stat().st_size - good
        if rest and part == parts[-1]:
            _aside(path, good)
            return sequence, head, rest
        if rest:
            break
    return sequence, head, 0


def _aside(path: Path, good: int) -> None:
    with path.open("r+b") as file:
        file.seek(good)
        with path.with_suffix(".torn").open("ab") as torn:
            torn.write(file.read())
            torn.flush()
            os.fsync(torn.fileno())
        file.truncate(good)
        os.fsync(file.fileno())
