"""A file of millions of rows as messages of a bounded number of rows, each with the header of its table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO, Final

from adapters.emis.files import Table, header, table_of
from interop.errors import Problem

ROWS: Final = 100
SIZE: Final = 1 << 18
LONGEST: Final = 1 << 20
"""Bytes of a row; what is longer has a quotation mark that does not close."""


def messages(stream: BinaryIO) -> Iterator[bytes]:
    """Header and rows that stand together, again and again; holds one message at a time.

    A message has rows of one organisation and one ``ProcessingId`` and no key twice, so that it has one place in the order of
    events. A row with more or fewer cells than columns is a message by itself, to be refused without the others. Another header
    in the same stream begins another table. Raises Problem ``unknown-format`` where the first line is no header.
    """
    batch: Batch | None = None
    for row in _rows(stream):
        if batch is None:
            row = row.removeprefix(b"\xef\xbb\xbf")
        cells = _cells(row)
        if columns := _header(row, cells):
            if batch is not None and batch.rows:
                yield batch.take()
            table = table_of(columns)
            if table is None:
                raise Problem("unknown-format", where="header")
            batch = Batch(row, columns, table)
        elif batch is None:
            raise Problem("unknown-format", where="line 1")
        elif len(cells) != batch.width:
            if batch.rows:
                yield batch.take()
            yield batch.head + row
        else:
            if batch.ends(cells, row):
                yield batch.take()
            batch.add(cells, row)
    if batch is not None and batch.rows:
        yield batch.take()


class Batch:
    """Rows of one message to be."""

    def __init__(self, head: bytes, columns: list[str], table: Table) -> None:
        self.head = head
        self.width = len(columns)
        self.rows: list[bytes] = []
        self._size = 0
        self._at = [columns.index(name) for name in ("OrganisationGuid", "ProcessingId") if name in columns]
        self._key = columns.index(table.key) if table.key else -1
        self._same: list[str] = []
        self._keys: set[str] = set()

    def ends(self, cells: list[str], row: bytes) -> bool:
        """Whether this row is to stand in the next message."""
        if not self.rows:
            return False
        return (
            len(self.rows) >= ROWS
            or self._size + len(row) > SIZE
            or [cells[at] for at in self._at] != self._same
            or (self._key >= 0 and cells[self._key] in self._keys)
        )

    def add(self, cells: list[str], row: bytes) -> None:
        """Take a row in."""
        if not self.rows:
            self._same = [cells[at] for at in self._at]
        if self._key >= 0:
            self._keys.add(cells[self._key])
        self.rows.append(row)
        self._size += len(row)

    def take(self) -> bytes:
        """The message; begins the next one."""
        body = self.head + b"".join(self.rows)
        self.rows, self._size = [], 0
        self._keys.clear()
        return body


def _rows(stream: BinaryIO) -> Iterator[bytes]:
    """Each row with its line end; a cell in quotation marks may hold line ends."""
    while row := stream.readline(LONGEST):
        if row.count(b'"') & 1:
            parts, size, marks = [row], len(row), 1
            while marks & 1 and size < LONGEST and (line := stream.readline(LONGEST)):
                parts.append(line)
                size += len(line)
                marks += line.count(b'"')
            row = b"".join(parts)
        if row.strip():
            yield row if row.endswith(b"\n") else row + b"\n"


def _cells(row: bytes) -> list[str]:
    """The cells; none where they cannot be told apart."""
    try:
        text = row.decode()
        if '"' not in text:
            return text.rstrip("\r\n").split(",")
        [cells] = csv.reader([text], strict=True)
    except (ValueError, csv.Error):
        return []
    return cells


def _header(row: bytes, cells: list[str]) -> list[str]:
    return header(row) if cells and cells[0].endswith(("Guid", "CodeId")) and len(cells[0]) < 26 else []
