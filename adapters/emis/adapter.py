"""The adapter of the family ``emis``."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import BinaryIO, Final

from adapters.emis.codes import KINDS, SECTIONS, Known
from adapters.emis.envelope import envelope
from adapters.emis.files import header, table_of
from adapters.emis.splitting import messages
from interop.errors import Problem
from interop.formats.csv import Row, as_tree, read_cells
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
_LOUD: Final = (b"True", b"TRUE", b"False", b"FALSE")
_SECTION: Final = re.compile(rb"^(" + b"|".join(name.encode() for name in SECTIONS) + rb")(?:,[A-Za-z,]+)?\r?\n", re.MULTILINE)
_MARKS: Final = tuple(b"\n" + name.encode() for name in SECTIONS)
KNOWN: Final = {"Coding_ClinicalCode": "code", "Coding_DrugCode": "drug", "CareRecord_Problem": "problem"}
"""What the rows of a section are called in the tree."""


class Emis:
    """A bounded number of rows of one table is one message, named as the table is (``CareRecord_Observation``).

    The tables' paths start above the rows: ``row`` is one, its columns are children. A GUID counts without braces, true and false
    in whatever letters. What other files of the delivery say of what the rows name stands beside them as ``code``, ``drug`` and
    ``problem``.
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
        return messages(stream, Known())

    def first(self, head: bytes) -> bool:
        """Whether a file that begins so explains the others of its delivery: codes, and problems."""
        table = table_of(header(head.partition(b"\n")[0]))
        return table is not None and table.name in KINDS

    def delivery(self) -> Callable[[BinaryIO], Iterator[bytes]]:
        """``split`` of files that came together: what one of them says of codes and problems stands in the messages of the next."""
        return partial(messages, known=Known())

    def open(self, body: bytes) -> tuple[Envelope, Node]:
        """Envelope and rows; raises Problem."""
        rows_alone, sections = _apart(body)
        said, columns, rows = self._read(rows_alone, body)
        root = as_tree((columns, cells) for cells in rows)
        for section in sections:
            names, *lines = [cells for _, cells in read_cells(BytesIO(section), header=False)]
            kind = KNOWN[SECTIONS[names[0]]]
            found = [Row(names, cells, root) for cells in lines]
            for one in found:
                one.name = kind
            root.kids.setdefault(kind, []).extend(found)
        return said, root

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone; raises Problem. No tree is made for it."""
        return self._read(_apart(body)[0], body)[0]

    def _read(self, body: bytes, whole: bytes) -> tuple[Envelope, list[str], list[list[str]]]:
        """Envelope of the whole, columns, cells of each row."""
        columns = header(body.partition(b"\n")[0])
        table = table_of(columns)
        if table is None:
            raise Problem("unknown-format" if body.strip() else "unreadable", where="header")
        if len(whole) > LIMIT:
            raise Problem("too-large", detail=f"more than {LIMIT} bytes")
        rows = _plain(body, len(columns)) or [cells for _, cells in read_cells(BytesIO(body), columns=columns)]
        if any(word in body for word in _LOUD):
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
        return envelope(whole, table, columns, rows), columns, rows


def _plain(body: bytes, width: int) -> list[list[str]]:
    """The cells of rows without quotation marks, as ``read_cells`` has them; none where that has to look closer."""
    if b'"' in body or body.count(b"\r") != body.count(b"\r\n"):
        return []
    try:
        lines = body.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError:
        return []
    rows = [line.split(",") for line in lines[1:] if line]
    whole = all(len(cells) == width for cells in rows) and max(map(len, lines)) <= csv.field_size_limit()
    return rows if whole else []


def _apart(body: bytes) -> tuple[bytes, list[bytes]]:
    """The rows of a message, and its sections. A line that reads so within a cell begins none."""
    if not any(mark in body for mark in _MARKS):
        return body, []
    ends = [found.start() for found in _SECTION.finditer(body, 1) if not body.count(b'"', 0, found.start()) & 1]
    if not ends:
        return body, []
    return body[: ends[0]], [body[start:end] for start, end in zip(ends, [*ends[1:], len(body)], strict=True)]
