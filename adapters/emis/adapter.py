"""The adapter of the family ``emis``."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, Final

from adapters.emis.envelope import envelope
from adapters.emis.files import header, table_of
from adapters.emis.splitting import messages
from interop.errors import Problem
from interop.formats.csv import as_tree, read_cells
from interop.formats.tree import Node
from interop.ports import Envelope

LIMIT: Final = 4 * 1024 * 1024
FLAGS: Final = frozenset(
    [
        "Complete",
        "Deleted",
        "DidNotAttend",
        "Disabled",
        "DummyType",
        "IsActivated",
        "IsActive",
        "IsComplete",
        "IsConfidential",
        "IsMainLocation",
        "Private",
        "SpineSensitive",
    ]
)
"""Columns of ``true`` and ``false``, in whatever letters."""
_SHOUTED: Final = frozenset(("True", "TRUE", "False", "FALSE"))


class Emis:
    """A bounded number of rows of one table is one message, named as the table is (``CareRecord_Observation``).

    The tables' paths start above the rows: ``row`` is one, its columns are children. A GUID counts without braces, true and false
    in whatever letters.
    """

    name = "emis"
    format = "csv"
    media_types: tuple[str, ...] = ("text/csv",)

    def recognises(self, head: bytes) -> bool:
        """A first line that is the header of a table of the extract."""
        columns = header(head.partition(b"\n")[0])
        return bool(columns) and table_of(columns) is not None

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """Messages of the file's rows, in order; raises Problem ``unknown-format`` for what is no table of the extract."""
        return messages(stream)

    def open(self, body: bytes) -> tuple[Envelope, Node]:
        """Envelope and rows; raises Problem."""
        said, columns, rows = self._read(body)
        return said, as_tree((columns, cells) for cells in rows)

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone; raises Problem. No tree is made for it."""
        return self._read(body)[0]

    def _read(self, body: bytes) -> tuple[Envelope, list[str], list[list[str]]]:
        """Envelope, columns, cells of each row."""
        columns = header(body.partition(b"\n")[0])
        table = table_of(columns)
        if table is None:
            raise Problem("unknown-format" if body.strip() else "unreadable", where="header")
        if len(body) > LIMIT:
            raise Problem("too-large", detail=f"more than {LIMIT} bytes")
        rows = [cells for _, cells in read_cells(BytesIO(body), columns=columns)]
        flags = [place for place, name in enumerate(columns) if name in FLAGS]
        for cells in rows:
            for place in flags:
                if cells[place] in _SHOUTED:
                    cells[place] = cells[place].lower()
        if b"{" in body:
            places = [place for place, name in enumerate(columns) if name.endswith("Guid")]
            for cells in rows:
                for place in places:
                    cells[place] = cells[place].strip("{} ")
        return envelope(body, table, columns, rows), columns, rows
