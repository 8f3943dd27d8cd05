"""Members of an archive, one after another, with bounds: what it claims of itself is not believed."""

from __future__ import annotations

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from typing import IO

from interop.fhir.definitions.content import ENDINGS, SIZE
from interop.fhir.definitions.unusable import Unusable

TOTAL = 512 * 1024 * 1024
"""Bytes of an archive, unpacked."""
MEMBERS = 20_000
BROKEN = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    RuntimeError,
    NotImplementedError,
    ValueError,
)


class Bounded(RawIOBase):
    """An unpacked stream that ends in Unusable beyond ``TOTAL`` bytes, or where one read would take more than a resource."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, name: str) -> None:
        self._stream = stream
        self._name = name

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > SIZE + tarfile.BLOCKSIZE or self._stream.tell() > TOTAL:
            raise Unusable(f"{self._name}: too large")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence or offset > TOTAL:
            raise Unusable(f"{self._name}: too large")
        return self._stream.seek(offset)

    def tell(self) -> int:
        return self._stream.tell()


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every JSON and XML file of an archive. Raises Unusable for one that is broken, encrypted or too large."""
    reading = _zip(path) if zipfile.is_zipfile(path) else _tar(path)
    try:
        for number, (name, body) in enumerate(reading):
            if number >= MEMBERS:
                raise Unusable(f"{path.name}: more than {MEMBERS} members")
            if body is not None:
                yield name, body
    except BROKEN as error:
        raise Unusable(f"{path.name}: no archive that can be read ({type(error).__name__})") from None


def _tar(path: Path) -> Iterator[tuple[str, bytes | None]]:
    with gzip.open(path) as stream, tarfile.open(fileobj=Bounded(stream, path.name), mode="r:") as archive:
        for member in archive:
            wanted = member.isreg() and member.name.lower().endswith(ENDINGS)
            if wanted and member.size > SIZE:
                raise Unusable(f"{path.name}: a member of more than {SIZE} bytes")
            opened = archive.extractfile(member) if wanted else None
            yield member.name, opened.read() if opened else None


def _zip(path: Path) -> Iterator[tuple[str, bytes | None]]:
    total = 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.is_dir() or not member.filename.lower().endswith(ENDINGS):
                yield member.filename, None
                continue
            with archive.open(member) as stream:
                body = stream.read(SIZE + 1)
            total += len(body)
            if len(body) > SIZE or total > TOTAL:
                raise Unusable(f"{path.name}: too large")
            yield member.filename, body
