"""Whether the audit is as it was written: the first entry that is not, by file and number.

With the key every line is known by its stamp. With the public key alone heads are compared with the checkpoints, and what is
wrong lies between two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from interop.audit.chain import beginning, follow, parted, stamp
from interop.audit.checkpoints import Checkpoint, kept
from interop.audit.disposal import Removed, removals, start
from interop.audit.key import AuditKey, Verifier
from interop.audit.parts import chains, lines, part_path

ROUND: Final = 1000
"""Rows after which progress is told."""


class Bad(NamedTuple):
    """The first bad entry: its chain, its number in it, the file, and what is wrong."""

    chain: int
    sequence: int
    file: str
    what: str


class Line(NamedTuple):
    """A line of a chain without its line break, and the file that it stands in."""

    file: str
    text: bytes


@dataclass(slots=True)
class Verified:
    """What was looked at: rows, checkpoints, chains; ``bad`` the first bad entry, None where there is none. ``beyond`` are rows
    after the last checkpoint of their chain: whoever has the key could have cut off more of them. ``lost``: chains of which rows
    were signed, or all, that are missing since a backup was restored, as the chain says that was begun then."""

    rows: int = 0
    checkpoints: int = 0
    chains: int = 0
    beyond: int = 0
    removed: int = 0
    """Rows that are no longer kept, under statements that the key has signed."""
    lost: list[int] = field(default_factory=list)
    bad: Bad | None = None


Read = Callable[[int], Iterable[Line]]
End = tuple[int, bytes]
Restored = Mapping[int, Mapping[str, Any]]
"""What chains that were begun after a restore say of it, by chain."""


class _Wrong(Exception):
    def __init__(self, bad: Bad) -> None:
        self.bad = bad


def verify(directory: Path, elsewhere: Path, key: Verifier, told: Callable[[int], None] = lambda bytes: None) -> Verified:
    """Look at all chains. ``told`` hears of how many bytes more were read."""
    there, signed, removed = chains(directory), kept(elsewhere), removals(elsewhere)
    gone = {chain: max(one.part for one in of) for chain, of in removed.items()}

    def read(chain: int) -> Iterator[Line]:
        first = gone.get(chain, 0) + 1
        parts = [part for part in there.get(chain, []) if part >= first]
        for expected, part in enumerate(parts, first):
            path = part_path(directory, chain, part)
            if part != expected:
                yield Line(part_path(directory, chain, expected).name, b"")
            before = 0
            for end, text in lines(path):
                yield Line(path.name, text)
                if end - before > 1 << 20:
                    told(end - before)
                    before = end
            told(path.stat().st_size - before)

    last = max([*there, *signed, *removed], default=0)
    unwritten = {
        chain for chain in there if chain not in signed and not part_path(directory, chain, there[chain][0]).stat().st_size
    }
    return judge(last, read, signed, key, removed, unwritten)


def judge(
    last: int,
    read: Read,
    signed: Mapping[int, Iterable[Checkpoint]],
    key: Verifier,
    removed: Mapping[int, list[Removed]] | None = None,
    unwritten: Container[int] = (),
) -> Verified:
    """Look at the chains from 1 to ``last``; ``read`` gives the lines of one, without those that are ``removed``. ``unwritten`` are
    chains of which there is a file and nothing was signed: their process ended before it could do anything."""
    found = Verified()
    removed = removed or {}
    ends: dict[int, End] = {}
    restored = _restored(last, read)
    try:
        for chain in range(1, last + 1):
            if _without(chain, 0, restored) and next(iter(read(chain)), None) is None:
                found.lost.append(chain)
                continue
            found.chains += 1
            begun = start(chain, removed.get(chain, []), key)
            if begun is not None and chain in unwritten:
                ends[chain] = begun[:2]
                continue
            if begun is None:
                raise _Wrong(Bad(chain, 1, f"{chain:08d}.removed", "and what follows is gone, which the key did not sign"))
            found.removed += begun[0]
            ends[chain] = _chain(chain, read, list(signed.get(chain, ())), key, found, ends, restored, begun[:2])
    except _Wrong as wrong:
        found.bad = wrong.bad
    return found


def _restored(last: int, read: Read) -> Restored:
    found: dict[int, Mapping[str, Any]] = {}
    for chain in range(1, last + 1):
        for line in islice(read(chain), 1):
            if b'"restored"' in line.text and (said := parted(line.text)) is not None:
                with suppress(ValueError, TypeError, KeyError):
                    found[chain] = orjson.loads(said[0])[-1]["restored"]
    return found


def _without(chain: int, sequence: int, restored: Restored) -> bool:
    """Whether a backup that was restored ended there, so that what was signed beyond is known to be missing."""
    for after, said in restored.items():
        if chain < after and (chain > said["last"] or (sequence and said["open"].get(str(chain)) == sequence)):
            return True
    return False


def _chain(
    chain: int,
    read: Read,
    signed: list[Checkpoint],
    key: Verifier,
    found: Verified,
    ends: Mapping[int, End],
    restored: Restored,
    begun: End,
) -> End:
    """How many rows a chain has, and its last head."""
    stamps = key.stamps if isinstance(key, AuditKey) else None
    due = _due(chain, signed, key)
    (sequence, head), line, reached = begun, Line(f"{chain:08d}-0001.log", b""), begun[0]
    if due.pop(sequence, Checkpoint(chain, 0, head, 0, 0, 0)).head != head:
        raise _Wrong(Bad(chain, sequence, line.file, "is not what was signed when it was removed"))
    due = {number: one for number, one in due.items() if number > sequence}
    for line in read(chain):
        said = parted(line.text)
        if said is None:
            raise _Wrong(Bad(chain, sequence + 1, line.file, "is no row"))
        text, number, mark = said
        if number != sequence + 1:
            what = f"is missing before {number}" if number > sequence + 1 else f"is not there: {number} stands in its place"
            raise _Wrong(Bad(chain, sequence + 1, line.file, what))
        sequence, head = number, follow(head, text)
        if stamps is not None and stamp(stamps, head) != mark:
            raise _Wrong(Bad(chain, sequence, line.file, "is not as it was written"))
        if sequence == 1:
            _bound(chain, text, line.file, read, ends)
        checkpoint = due.pop(sequence, None)
        if checkpoint is not None:
            if checkpoint.head != head:
                what = f"or one after it up to {sequence} is not what was signed"
                raise _Wrong(Bad(chain, reached + 1, line.file, what))
            reached = sequence
            found.checkpoints += 1
        found.rows += 1
    if due and _without(chain, sequence, restored):
        found.lost.append(chain)
    elif due:
        raise _Wrong(Bad(chain, sequence + 1, line.file, f"and what follows up to {max(due)} is cut off"))
    if not sequence:
        raise _Wrong(Bad(chain, 1, line.file, "and the whole chain is missing"))
    found.beyond += sequence - reached
    return sequence, head


def _due(chain: int, signed: Iterable[Checkpoint], key: Verifier) -> dict[int, Checkpoint]:
    due: dict[int, Checkpoint] = {}
    for one in signed:
        if not one.genuine(key):
            raise _Wrong(Bad(chain, one.sequence, f"{chain:08d}.checkpoints", "has a checkpoint that the key did not sign"))
        due[one.sequence] = one
    return due


def _bound(chain: int, text: bytes, file: str, read: Read, ends: Mapping[int, End]) -> None:
    """Whether the chain goes on from the one that it names."""
    more: Any = orjson.loads(text)[-1]
    before, sequence, head = more["after"]
    if not before:
        return
    known = ends.get(before)
    if known is not None and known[0] > sequence:  # it went on beside this one
        beside = _head(before, sequence, read)
        if beside is None:
            return
        known = sequence, beside
    if known is None or (known[0], known[1].hex()) != (sequence, head):
        raise _Wrong(Bad(before, sequence, file, f"is not the one that chain {chain} goes on from"))


def _head(chain: int, sequence: int, read: Read) -> bytes | None:
    """The head after so many rows; None where the first of them are no longer kept."""
    head = beginning(chain)
    for place, line in enumerate(islice(read(chain), sequence), 1):
        found = parted(line.text)
        if place == 1 and found is not None and found[1] > 1:
            return None
        head = follow(head, found[0] if found is not None else b"")
    return head
