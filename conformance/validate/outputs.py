"""The forms in which a verdict is given: what each must do, and where they write. A form holds no more than one file's summary."""

from __future__ import annotations

import shutil
import tempfile
from typing import BinaryIO, Protocol

from conformance.validate.checked import Checked, Totals
from conformance.validate.comparison import Comparison

IN_MEMORY = 4 << 20


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
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by pour
        self.pieces = 0

    def add(self, text: str) -> None:
        """Write a piece."""
        self._file.write(text.encode("utf-8", "replace"))
        self.pieces += 1

    def pour(self, out: BinaryIO) -> None:
        """Write all pieces to ``out`` and forget them."""
        self._file.seek(0)
        shutil.copyfileobj(self._file, out, 1 << 18)
        self._file.close()
