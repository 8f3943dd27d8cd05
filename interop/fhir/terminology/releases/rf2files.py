"""The files of an RF2 release (SNOMED International, Release File Specifications, 4 and 5): Snapshot, folder or zip."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from interop.fhir.terminology.releases.build import Progress
from interop.fhir.terminology.releases.store import BadRelease

LINE = 1 << 16
"""Bytes of a line that is read."""
TOLD = 100_000
"""Rows between two calls of the progress callback."""
KINDS = {
    "concept": (re.compile(r"x?sct2_Concept_\w*Snapshot_"), 5),
    "description": (re.compile(r"x?sct2_Description_\w*Snapshot"), 9),
    "relationship": (re.compile(r"x?sct2_Relationship_\w*Snapshot_"), 10),
    "language": (re.compile(r"x?der2_cRefset_\w*Language\w*Snapshot"), 7),
    "refset": (re.compile(r"x?der2_Refset_\w*Snapshot"), 6),
    "module": (re.compile(r"x?der2_ssRefset_\w*ModuleDependency\w*Snapshot"), 8),
}
"""Kind -> pattern of the file's name, number of columns."""


class Files:
    """The snapshot files of a release, by kind."""

    def __init__(self, path: Path, progress: Progress | None) -> None:
        """Raises BadRelease where the path holds no snapshot, OSError."""
        self._path = path
        self._progress = progress
        self._zip = zipfile.ZipFile(path) if path.is_file() and zipfile.is_zipfile(path) else None
        if self._zip is not None:
            names = [(entry.filename, entry.file_size) for entry in self._zip.infolist()]
        else:
            names = [(str(each.relative_to(path)), each.stat().st_size) for each in path.rglob("*.txt")] if path.is_dir() else []
        self._found: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for name, size in sorted(names, key=lambda each: (-each[1], each[0])):
            kind = next(
                (kind for kind, (pattern, _) in KINDS.items() if pattern.match(name.replace("\\", "/").rpartition("/")[2])), ""
            )
            if kind and name.endswith(".txt") and (size or self._zip is None):
                self._found[kind].append(name)
        for kind in ("concept", "description", "relationship"):
            if not self._found[kind]:
                raise BadRelease(f"{path.name}: no RF2 snapshot of {kind}s")

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()

    def digest(self) -> str:
        """SHA-256 over every file that is read, by name."""
        digest = hashlib.sha256()
        for name in sorted(name for names in self._found.values() for name in names):
            digest.update(Path(name).name.encode())
            with self._open(name) as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()

    @contextmanager
    def _open(self, name: str) -> Iterator[BinaryIO]:
        stream = self._zip.open(name) if self._zip is not None else (self._path / name).open("rb")
        with stream:
            yield cast("BinaryIO", stream)

    def rows(self, kind: str) -> Iterator[list[bytes]]:
        """The rows of a kind, the latest of each id where several files hold it. Raises BadRelease at a malformed row."""
        first, *others = self._found[kind] or [""]
        if not others:
            if first:
                yield from self._read(kind, first)
            return
        # The largest file is read once; only the ids of the smaller ones are held.
        latest: dict[bytes, bytes] = {}
        for name in others:
            for cells in self._read(kind, name):
                latest[cells[0]] = max(cells[1], latest.get(cells[0], b""))
        for cells in self._read(kind, first):
            other = latest.get(cells[0])
            if other is None or cells[1] >= other:
                if other is not None:
                    latest[cells[0]] = b"~"
                yield cells
        for name in others:
            for cells in self._read(kind, name):
                if latest[cells[0]] == cells[1]:
                    latest[cells[0]] = b"~"
                    yield cells

    def _read(self, kind: str, name: str) -> Iterator[list[bytes]]:
        columns = KINDS[kind][1]
        short = name.replace("\\", "/").rpartition("/")[2]
        with self._open(name) as stream:
            header = stream.readline(LINE).removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n").split(b"\t")
            if len(header) < columns or header[:4] != [b"id", b"effectiveTime", b"active", b"moduleId"]:
                raise BadRelease(f"{short} line 1: not the header of an RF2 {kind} file")
            columns = len(header)
            number = 1
            while line := stream.readline(LINE):
                number += 1
                cells = line.rstrip(b"\r\n").split(b"\t")
                if len(cells) != columns:
                    raise BadRelease(f"{short} line {number}: {len(cells)} columns, not {columns}")
                if not (cells[1].isdigit() and len(cells[1]) == 8) or cells[2] not in (b"0", b"1"):
                    raise BadRelease(f"{short} line {number}: effectiveTime or active is not one")
                if not line.endswith(b"\n") and len(line) >= LINE:
                    raise BadRelease(f"{short} line {number}: the line is too long")
                for place in _NUMBERS[kind]:
                    if not cells[place].isdigit() or len(cells[place]) > 18:
                        raise BadRelease(f"{short} line {number}: column {place + 1} is no SNOMED CT identifier")
                if self._progress and number % TOLD == 0:
                    self._progress(short, number)
                yield cells
        if self._progress:
            self._progress(short, number)


_NUMBERS = {
    "concept": (0, 3),
    "description": (0, 4, 6),
    "relationship": (0, 4, 5, 7),
    "language": (4, 5, 6),
    "refset": (4, 5),
    "module": (3, 5),
}
"""Columns that hold identifiers."""
