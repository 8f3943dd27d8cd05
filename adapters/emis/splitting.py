"""A file of millions of rows as messages of a bounded number of rows, each with the header of its table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO, Final

from adapters.emis.codes import SECTIONS, Known
from adapters.emis.files import Table, header, table_of
from interop.errors import Problem

ROWS: Final = 100
SIZE: Final = 1 << 18
LONGEST: Final = 1 << 20
"""Bytes of a row; what is longer has a quotation mark that does not close."""


def messages(stream: BinaryIO, known: Known) -> Iterator[bytes]:
    """Header and rows that stand together, again and again; holds one message at a time.

    A message has rows of one organisation and one ``ProcessingId`` and no key twice, so that it has one place in the order of
    events; rows stay with the row that they name as their parent. Behind them stands what ``known`` says of what they name, as
    sections. A row with more or fewer cells than columns is a message by itself, to be refused without the others. Another
    header in the same stream begins another table. Raises Problem ``unknown-format`` where the first line is no header.
    """
    batch: Batch | None = None
    section = False
    for row in _rows(stream):
        if batch is None:
            row = row.removeprefix(b"\xef\xbb\xbf")
        cells = _cells(row)
        if columns := header(row) if batch is None else _header(row, cells):
            if section := batch is not None and columns[0] in SECTIONS:
                batch.keep(row)
                continue
            if batch is not None and batch.rows:
                yield batch.take()
            table = table_of(columns)
            if table is None:
                raise Problem("unknown-format", where="header")
            batch = Batch(row, columns, table, known)
        elif batch is None:
            raise Problem("unknown-format", where="line 1")
        elif section:
            batch.keep(row)
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

    def __init__(self, head: bytes, columns: list[str], table: Table, known: Known) -> None:
        self.head = head
        self.width = len(columns)
        self.rows: list[bytes] = []
        self._table, self._columns, self._known = table, columns, known
        self._kept: list[bytes] = []
        self._cells: list[list[bytes]] = []
        self._size = 0
        self._organisation, self._processing, self._parent = (
            columns.index(name) if name in columns else -1 for name in ("OrganisationGuid", "ProcessingId", "ParentObservationGuid")
        )
        self._key = columns.index(table.key) if table.key else -1
        self._said: tuple[bytes, bytes] | None = None
        self._keys: set[bytes] = set()

    def ends(self, cells: list[bytes], row: bytes) -> bool:
        """Whether this row is to stand in the next message."""
        if not self.rows:
            return False
        if self._kept or self._size + len(row) > SIZE or self._where(cells) != self._said:
            return True
        if self._key >= 0 and cells[self._key] in self._keys:
            return True
        full = len(self.rows) >= ROWS
        return full and (len(self.rows) >= 2 * ROWS or self._parent < 0 or cells[self._parent] not in self._keys)

    def add(self, cells: list[bytes], row: bytes) -> None:
        """Take a row in."""
        if not self.rows:
            self._said = self._where(cells)
        if self._key >= 0:
            self._keys.add(cells[self._key])
        self.rows.append(row)
        self._cells.append(cells)
        self._size += len(row)

    def keep(self, row: bytes) -> None:
        """A line of a section that stands behind the rows already."""
        self._kept.append(row)

    def take(self) -> bytes:
        """The message; begins the next one."""
        known = self._known
        if known.wants(self._table):
            texts = [[cell.decode() for cell in cells] for cells in self._cells]
            known.learn(self._table, self._columns, texts)
            if not self._kept and known.any:
                self._kept.append(known.sections(self._table, self._columns, texts))
        body = self.head + b"".join(self.rows) + b"".join(self._kept)
        self.rows, self._cells, self._kept, self._size = [], [], [], 0
        self._keys.clear()
        return body

    def _where(self, cells: list[bytes]) -> tuple[bytes, bytes]:
        return (
            cells[self._organisation] if self._organisation >= 0 else b"",
            cells[self._processing] if self._processing >= 0 else b"",
        )


def _rows(stream: BinaryIO) -> Iterator[bytes]:
    """Each row with its line end; a cell in quotation marks may hold line ends."""
    while row := stream.readline(LONGEST):
        if b'"' in row and row.count(b'"') & 1:
            parts, size, marks = [row], len(row), 1
            while marks & 1 and size < LONGEST and (line := stream.readline(LONGEST)):
                parts.append(line)
                size += len(line)
                marks += line.count(b'"')
            row = b"".join(parts)
        if not row.isspace():
            yield row if row.endswith(b"\n") else row + b"\n"


def _cells(row: bytes) -> list[bytes]:
    """The cells; none where they cannot be told apart."""
    if b'"' not in row and row.isascii():
        return row.rstrip(b"\r\n").split(b",")
    try:
        text = row.decode()
        if '"' not in text:
            return row.rstrip(b"\r\n").split(b",")
        [cells] = csv.reader([text], strict=True)
    except (ValueError, csv.Error):
        return []
    return [cell.encode() for cell in cells]


def _header(row: bytes, cells: list[bytes]) -> list[str]:
    return header(row) if cells and cells[0].endswith((b"Guid", b"CodeId")) and len(cells[0]) < 26 else []
