"""Parts of the audit that are no longer kept go whole, each under a statement that the key signs: what is left holds from there on.

A statement binds the heads before and after the part, how many rows it had and their digest. Nothing goes for which no checkpoint
vouches.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from interop.audit.chain import beginning, follow, parted, stamp
from interop.audit.checkpoints import kept
from interop.audit.key import AuditKey, Verifier
from interop.audit.parts import chains, goes_on, lines, part_path, sync_directory
from interop.audit.row import CLOSED, decode

SUFFIX: Final = ".removed"


class Removed(NamedTuple):
    """Of ``chain`` the rows ``first`` to ``sequence`` are gone with ``part``, whose file had this ``sha256``; the head was
    ``before`` and became ``head``. Times in microseconds: of the last row, and of the removal."""

    chain: int
    part: int
    first: int
    sequence: int
    before: str
    head: str
    sha256: str
    last: int
    time: int
    signature: str = ""

    @property
    def text(self) -> bytes:
        """What is signed."""
        return b"interop audit removed " + " ".join(map(str, self[:-1])).encode("ascii")


Removals = dict[int, list[Removed]]


def removals(directory: Path) -> Removals:
    """The statements of each chain in their order."""
    found: Removals = {}
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        for line in path.read_bytes().splitlines():
            with suppress(ValueError, TypeError):
                one = Removed(**orjson.loads(line))
                found.setdefault(one.chain, []).append(one)
    return found


def start(chain: int, of: list[Removed], key: Verifier) -> tuple[int, bytes, int] | None:
    """Rows, head and last part of what is gone of a chain; None where a statement is not genuine or does not follow."""
    sequence, head, part = 0, beginning(chain), 0
    for one in of:
        with suppress(ValueError):
            good = key.signed(one.text, bytes.fromhex(one.signature))
            if good and (one.chain, one.part, one.first, one.before) == (chain, part + 1, sequence + 1, head.hex()):
                sequence, head, part = one.sequence, bytes.fromhex(one.head), one.part
                continue
        return None
    return sequence, head, part


def due(directory: Path, elsewhere: Path, key: AuditKey, before: int) -> Iterator[tuple[int, int]]:
    """The parts (chain, part) of which every row is older than ``before``, oldest first: never of the latest chain or one that goes
    on, and of each only what comes before a checkpoint that stays, or all."""
    there, signed = chains(directory), kept(elsewhere)
    for chain in sorted(there)[:-1]:
        good = [one for one in signed.get(chain, ()) if one.genuine(key)]
        parts = there[chain]
        if not good or goes_on(directory, chain, parts):
            continue
        ends = {part: _last(part_path(directory, chain, part)) for part in parts}
        old = [part for part in parts if ends[part][1] < before]
        if old == parts:
            sequence, _, kind = ends[parts[-1]]
            old = parts if kind == CLOSED and good[-1].sequence == sequence else parts[:-1]
        if old != parts:
            old = [part for part in old if part < good[-1].part]
        for expected, part in zip(parts, old, strict=False):
            if part != expected:
                break
            yield chain, part


def remove(directory: Path, elsewhere: Path, key: AuditKey, chain: int, part: int, now: int) -> Removed:
    """Sign what goes, keep that, take the file away. Raises OSError, ValueError where the part is not as it was written."""
    of = removals(elsewhere).get(chain, [])
    path = part_path(directory, chain, part)
    done = next((one for one in of if one.part == part), None)
    if done is None:
        found = start(chain, of, key)
        if found is None or found[2] != part - 1:
            raise ValueError(f"what is said of {path.name} and those before it is not as it was signed")
        done = _statement(path, key, (chain, part), found[:2], now)
        _keep(elsewhere, done)
    path.unlink()
    sync_directory(directory)
    return done


def _statement(path: Path, key: AuditKey, which: tuple[int, int], found: tuple[int, bytes], now: int) -> Removed:
    (sequence, head), last, digest = found, 0, hashlib.sha256()
    first, before = sequence + 1, head.hex()
    for _, line in lines(path):
        said = parted(line)
        if said is None or said[1] != sequence + 1:
            raise ValueError(f"{path.name} is not as it was written: look at it with interop audit verify")
        sequence, head = said[1], follow(head, said[0])
        if stamp(key.stamps, head) != said[2]:
            raise ValueError(f"{path.name} is not as it was written: look at it with interop audit verify")
        last = decode(said[0]).time
        digest.update(line + b"\n")
    made = Removed(*which, first, sequence, before, head.hex(), digest.hexdigest(), last, now)
    return made._replace(signature=key.sign(made.text).hex())


def _keep(elsewhere: Path, one: Removed) -> None:
    path = elsewhere / f"{one.chain:08d}{SUFFIX}"
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab") as file:
        file.write(orjson.dumps(one._asdict()) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_directory(elsewhere)


def _last(path: Path) -> tuple[int, int, str]:
    """Number, time and kind of the last row of a part; of one without rows, one that is never old."""
    found = None
    for _, line in lines(path, _tail(path)):
        found = parted(line) or found
    if found is None:
        return 0, 1 << 62, ""
    row = decode(found[0])
    return row.sequence, row.time, row.kind


def _tail(path: Path) -> int:
    """Where the last rows of a file begin, so that not all of it is read: after some line break, 4 MiB from the end."""
    size = path.stat().st_size
    if size <= 4 << 20:
        return 0
    with path.open("rb") as file:
        file.seek(size - (4 << 20))
        file.readline()
        return file.tell()
