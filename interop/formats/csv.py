"""Rows of separated values (RFC 4180), with a header line or with agreed columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from interop.errors import Problem
from interop.formats.tree import Node

ROW = "row"


def read_csv(
    body: bytes,
    *,
    header: bool = True,
    columns: Sequence[str] | None = None,
    encoding: str = "utf-8-sig",
    separator: str = ",",
) -> Node:
    """A root without name whose kids are ``row``, whose kids are the columns; arguments and Problems as ``read_rows``."""
    root = Node("")
    rows = list(read_rows(io.BytesIO(body), header=header, columns=columns, encoding=encoding, separator=separator))
    for row in rows:
        row.up = root
    if rows:
        root.kids[ROW] = rows
    return root


def read_rows(
    stream: BinaryIO,
    *,
    header: bool = True,
    columns: Sequence[str] | None = None,
    encoding: str = "utf-8-sig",
    separator: str = ",",
) -> Iterator[Node]:
    """The rows one by one, without holding the file.

    ``columns`` names the columns (instead of the header line's names, where there is one); without either they are ``1``, ``2``
    and so on. An empty cell gives no kid; ``raw`` of a row is its cells as they stand. Blank lines are left out. Raises Problem
    ``character-set``, ``too-large`` (a cell over the ``csv`` module's field limit) or ``unreadable`` (where ``line N``: quotes
    that do not close, or more or fewer cells than columns).
    """
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    names = list(columns) if columns is not None else None
    try:
        for cells in reader:
            if not cells:
                continue
            if header:
                header = False
                names = names or [name.strip() for name in cells]
                continue
            if names is None:
                names = [str(number) for number in range(1, len(cells) + 1)]
            if len(cells) != len(names):
                raise Problem("unreadable", where=f"line {reader.line_num}", detail=f"{len(cells)} cells, not {len(names)}")
            yield _row(names, cells)
    except UnicodeDecodeError:
        raise Problem("character-set", where=f"line {reader.line_num + 1}") from None
    except csv.Error as error:
        name = "too-large" if "limit" in str(error) else "unreadable"
        raise Problem(name, where=f"line {reader.line_num}") from None
    finally:
        text.detach()


def _row(names: list[str], cells: list[str]) -> Node:
    row = Node(ROW, None, None, cells)
    for name, cell in zip(names, cells, strict=True):
        if value := cell.strip():
            row.add(name, value, cell)
    return row
