"""A compiled release: one file of sorted arrays that is mapped, not read.

Layout: 8 bytes of magic, 8 bytes length of the header (little endian), the header as JSON, then sections that begin at multiples of
8. Sections are arrays of unsigned integers (``Q`` 64, ``I`` 32, ``B`` 8 bits, little endian) or bytes:

| section | holds |
|---|---|
| ids | the N codes as numbers, ascending |
| flags | bit 0: inactive |
| up_at, up | parents of concept i: up[up_at[i]:up_at[i+1]], as positions in ids |
| down_at, down | children, likewise |
| text_at, text | the texts of concept i, each a rank byte and UTF-8, ended by a line feed |
| set_ids, set_at, sets | reference sets: ids ascending, members as positions in ids, ascending |
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import sys
import zipfile
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

MAGIC = b"interop1"
SECTIONS = {
    "ids": "Q", "flags": "B", "up_at": "I", "up": "I", "down_at": "I", "down": "I", "text_at": "Q", "text": "B",
    "set_ids": "Q", "set_at": "I", "sets": "I",
}  # fmt: skip

Numbers = Sequence[int]
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError)
"""What a damaged archive raises."""


class BadRelease(ValueError):
    """A release cannot be read: the message names file, line and reason, never a term."""


def write(out: Path, header: dict[str, Any], sections: dict[str, array[int] | bytearray]) -> None:
    """Write a compiled release; the file appears whole or not at all."""
    if sys.byteorder != "little":
        raise BadRelease("compiled releases need a little-endian machine")
    digest = hashlib.sha256()
    places: dict[str, tuple[int, int]] = {}
    at = 0
    for name in SECTIONS:
        view = memoryview(sections[name]).cast("B")
        places[name] = (at, len(view))
        digest.update(view)
        at += -(-len(view) // 8) * 8
    said = json.dumps({**header, "digest": digest.hexdigest(), "sections": places}).encode()
    said += b" " * (-len(said) % 8)
    part = out.with_name(out.name + ".part")
    with part.open("wb") as stream:
        stream.write(MAGIC + len(said).to_bytes(8, "little") + said)
        for name in SECTIONS:
            view = memoryview(sections[name]).cast("B")
            stream.write(view)
            stream.write(b"\0" * (-len(view) % 8))
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(out)


class Store:
    """The arrays of a compiled release, mapped. Costs no memory but the pages that are touched."""

    def __init__(self, path: Path) -> None:
        """Raises BadRelease where the file is none or is cut short, OSError."""
        with path.open("rb") as stream:
            head = stream.read(16)
            if head[:8] != MAGIC or sys.byteorder != "little":
                raise BadRelease(f"{path.name}: not a compiled release")
            length = int.from_bytes(head[8:], "little")
            size = os.fstat(stream.fileno()).st_size
            if 16 + length > size:
                raise BadRelease(f"{path.name}: cut short")
            self.header: dict[str, Any] = json.loads(stream.read(length))
            self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        start = 16 + length
        whole = memoryview(self._map)
        if any(start + at + count > size for at, count in self.header["sections"].values()):
            raise BadRelease(f"{path.name}: cut short")
        views = {name: whole[start + at : start + at + count] for name, (at, count) in self.header["sections"].items()}
        self._text = views["text"]
        self._views = views
        self.ids: Numbers = views["ids"].cast("Q")
        self.flags: Numbers = views["flags"]
        self.set_ids: Numbers = views["set_ids"].cast("Q")
        self._text_at: Numbers = views["text_at"].cast("Q")
        numbers = {name: views[name].cast("I") for name in ("up_at", "up", "down_at", "down", "set_at", "sets")}
        self._up: tuple[Numbers, Numbers] = (numbers["up_at"], numbers["up"])
        self._down: tuple[Numbers, Numbers] = (numbers["down_at"], numbers["down"])
        self._sets: tuple[Numbers, Numbers] = (numbers["set_at"], numbers["sets"])

    def __len__(self) -> int:
        return len(self.ids)

    def verify(self) -> bool:
        """Whether the arrays are as they were written; reads the whole file."""
        digest = hashlib.sha256()
        for name in SECTIONS:
            digest.update(self._views[name])
        return bool(digest.hexdigest() == self.header["digest"])

    def position(self, number: int) -> int:
        """Where a code is in ``ids``; -1 where it is not."""
        at = bisect_left(self.ids, number)
        return at if at < len(self.ids) and self.ids[at] == number else -1

    def parents(self, at: int) -> Numbers:
        return _slice(self._up, at)

    def children(self, at: int) -> Numbers:
        return _slice(self._down, at)

    def texts(self, at: int) -> Iterator[tuple[str, str]]:
        """(rank, text) of a concept, in the order of the release."""
        for entry in bytes(self._text[self._text_at[at] : self._text_at[at + 1]]).split(b"\n")[:-1]:
            yield chr(entry[0]), entry[1:].decode("utf-8", "replace")

    def members(self, reference_set: int) -> Numbers | None:
        """The members of a reference set as ascending positions; None where it is not in the release."""
        at = bisect_left(self.set_ids, reference_set)
        found = at < len(self.set_ids) and self.set_ids[at] == reference_set
        return _slice(self._sets, at) if found else None

    def ancestors(self, at: int) -> set[int]:
        """The concept and all above it."""
        return self._reached(at, self._up)

    def descendants(self, at: int) -> set[int]:
        """The concept and all below it."""
        return self._reached(at, self._down)

    def _reached(self, start: int, edges: tuple[Numbers, Numbers]) -> set[int]:
        reached = {start}
        waiting = [start]
        while waiting:
            for each in _slice(edges, waiting.pop()):
                if each not in reached:
                    reached.add(each)
                    waiting.append(each)
        return reached


def _slice(pair: tuple[Numbers, Numbers], at: int) -> Numbers:
    starts, values = pair
    return values[starts[at] : starts[at + 1]]
