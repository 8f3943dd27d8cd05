"""The forms in which a verdict is given: what each must do, and where they write. A form holds no more than one file's summary."""

from __future__ import annotations

import re
import shutil
import tempfile
from typing import IO, BinaryIO, Protocol

from conformance.validate.checked import Checked, Totals
from conformance.validate.comparison import Comparison

IN_MEMORY = 4 << 20
_CONTROL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Output(Protocol):
    """Told of each file in order: its beginning, its resources, its end; then of all."""

    def begin(self, name: str) -> None:
        """A file begins."""

    def resource(self, checked: Checked) -> None:
        """A resource of that file."""

    def end(self, file: Totals, profiles: list[str], second: Comparison | None) -> None:
        """The file ends: what it comes to, and how another validator sees it where one was asked."""

    def close(self, totals: Totals) -> None:
        """There are no more files."""


class Spool:
    """Text that is written before what must stand above it; beyond ``IN_MEMORY`` bytes it waits on disk."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self.pieces = 0

    def add(self, text: str) -> None:
        """Write a piece."""
        if self._file is None:
            self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by pour
        self._file.write(text.encode("utf-8", "replace"))
        self.pieces += 1

    def pour(self, out: BinaryIO) -> None:
        """Write all pieces to ``out`` and forget them."""
        if self._file is not None:
            with self._file as file:
                file.seek(0)
                shutil.copyfileobj(file, out, 1 << 18)
            self._file = None


def legible(text: str) -> str:
    """What XML 1.0 and FHIR can hold of a text: the name of a file may hold anything."""
    return _CONTROL.sub("?", text)
