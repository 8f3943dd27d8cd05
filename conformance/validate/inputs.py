"""What there is to judge: files, folders and standard input, cut into units of work. Nothing is held that can be read later."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson

SUFFIXES = (".json", ".xml", ".ndjson")
"""What is looked for in a folder; a file that is named is read whatever its name."""

STANDARD_INPUT = "-"
WHOLE = 8 << 20
"""Bytes up to which a file is read as it is; a larger one is streamed where it is ndjson."""

CHUNK = 1 << 20
"""Bytes of ndjson handed on at a time; a line is never cut."""

BATCH, BATCH_BYTES = 32, 1 << 18
"""How many small files make one unit of work, and how many bytes."""


class Missing(Exception):
    """A file that was named is not there; its text is one sentence."""


class Piece(NamedTuple):
    """A file, or some lines of one. ``body`` is None where the worker reads the file itself; ``line`` is the number of the first
    line, 0 where the piece is the whole file; ``last`` says that the file ends with it."""

    name: str
    body: bytes | None = None
    line: int = 0
    last: bool = True


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Every file: those named, and in folders those of ``SUFFIXES``, by name; hidden ones and package.json are left out."""
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if name[:1] != ".")
                for name in sorted(names):
                    if name[:1] != "." and name != "package.json" and name.lower().endswith(SUFFIXES):
                        yield Path(folder, name)
        else:
            yield path


def required(paths: Iterable[Path]) -> None:
    """Raises Missing where something that is named is not there."""
    for path in paths:
        if str(path) != STANDARD_INPUT and not path.exists():
            raise Missing(f"there is no file or folder {path}")


def units(paths: Iterable[Path]) -> Iterator[list[Piece]]:
    """Units of work, in order: small files together, a large file of lines in chunks."""
    batch: list[Piece] = []
    size = 0
    for path in files(paths):
        if str(path) == STANDARD_INPUT:
            pieces = _streamed(sys.stdin.buffer, STANDARD_INPUT)
        else:
            try:
                length = path.stat().st_size
            except OSError:
                length = 0
            if length <= WHOLE:
                batch.append(Piece(str(path)))
                size += length
                if len(batch) >= BATCH or size >= BATCH_BYTES:
                    yield batch
                    batch, size = [], 0
                continue
            pieces = _opened(path)
        if batch:
            yield batch
            batch, size = [], 0
        yield from ([piece] for piece in pieces)
    if batch:
        yield batch


def _opened(path: Path) -> Iterator[Piece]:
    """The pieces of a large file: chunks of lines where its first line is a resource by itself, else the file."""
    try:
        with path.open("rb") as stream:
            if _is_resource(stream.readline(CHUNK)):
                stream.seek(0)
                yield from _lines(stream, str(path))
                return
    except OSError:
        pass
    yield Piece(str(path))


def _streamed(stream: BinaryIO, name: str) -> Iterator[Piece]:
    """The pieces of a stream that can be read once: chunks where it is long and its first line is a resource, else all of it."""
    head = stream.read(WHOLE + 1)
    if len(head) <= WHOLE:
        yield Piece(name, head)
    elif _is_resource(head[: head.find(b"\n") + 1]):
        yield from _lines(stream, name, head)
    else:
        yield Piece(name, head + stream.read())


def _is_resource(line: bytes) -> bool:
    """Whether a line that ends here holds one whole JSON object."""
    if not line.endswith(b"\n") or not line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{"):
        return False
    try:
        orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return False
    return True


def _lines(stream: BinaryIO, name: str, held: bytes = b"") -> Iterator[Piece]:
    """Chunks of whole lines, each with the number of its first."""
    number = 1
    ahead = io.BytesIO(held)
    rest = b""
    while True:
        read = ahead.read(CHUNK) or stream.read(CHUNK)
        if not read:
            break
        cut = read.rfind(b"\n") + 1
        if not cut:
            rest += read
            continue
        body, rest = rest + read[:cut], read[cut:]
        yield Piece(name, body, number, last=False)
        number += body.count(b"\n")
    yield Piece(name, rest, number)
