"""Rows of separated values (RFC 4180), with a header line or with agreed columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from interop.errors import Problem
from interop.formats.limits import bounded
from interop.formats.tree import Node

ROW = "row"
_strip = str.strip


class Row(Node):
    """A row: ``cells`` are the texts by column, ``seen`` the columns that were read. ``nodes`` are those of its cells, None until
    someone asks for ``kids``; they then hold the marks."""

    __slots__ = ("_names", "cells", "nodes", "seen")

    def __init__(self, names: Sequence[str], cells: list[str], up: Node | None) -> None:
        self.name, self.value, self.up, self.raw, self.read = ROW, None, up, cells, False
        self.cells = {name: value for name, value in zip(names, map(_strip, cells), strict=True) if value}
        self.seen: set[str] = set()
        self.nodes: dict[str, list[Node]] | None = None
        self._names = names
        if len(self.cells) < len(names) - cells.count("") and len(set(names)) < len(names):
            self.nodes = self._made()

    def cell(self, name: str) -> str:
        """The text of a column that the row has, marked as read."""
        if self.nodes is None:
            self.seen.add(name)
            return self.cells[name]
        for node in self.nodes.get(name, ()):
            if node.value:
                node.read = True
                return node.value
        return ""

    @property
    def kids(self) -> dict[str, list[Node]]:  # type: ignore[override]
        """The nodes of its cells."""
        if self.nodes is None:
            self.nodes = self._made()
        return self.nodes

    def _made(self) -> dict[str, list[Node]]:
        nodes: dict[str, list[Node]] = {}
        for name, cell in zip(self._names, self.raw, strict=True):
            if value := cell.strip():
                node = Node(name, value, self, cell)
                node.read = name in self.seen
                nodes.setdefault(name, []).append(node)
        return nodes


def read_csv(
    body: bytes,
    *,
    header: bool = True,
    columns: Sequence[str] | None = None,
    encoding: str = "utf-8-sig",
    separator: str = ",",
) -> Node:
    """A root without name whose kids are ``row``, whose kids are the columns; arguments and Problems as ``read_rows``."""
    bounded(body, f"{separator}\n\n\n")
    return as_tree(read_cells(io.BytesIO(body), header=header, columns=columns, encoding=encoding, separator=separator))


def as_tree(rows: Iterable[tuple[Sequence[str], list[str]]]) -> Node:
    """The same of the names and cells of each row."""
    root = Node("")
    nodes: list[Node] = [Row(names, cells, root) for names, cells in rows]
    if nodes:
        root.kids = {ROW: nodes}
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
    for names, cells in read_cells(stream, header=header, columns=columns, encoding=encoding, separator=separator):
        yield Row(names, cells, None)


def read_cells(
    stream: BinaryIO,
    *,
    header: bool = True,
    columns: Sequence[str] | None = None,
    encoding: str = "utf-8-sig",
    separator: str = ",",
) -> Iterator[tuple[Sequence[str], list[str]]]:
    """The names of the columns and the cells of each row; arguments and Problems as ``read_rows``."""
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
            yield names, cells
    except UnicodeDecodeError:
        raise Problem("character-set", where=f"line {reader.line_num + 1}") from None
    except csv.Error as error:
        name = "too-large" if "limit" in str(error) else "unreadable"
        raise Problem(name, where=f"line {reader.line_num}") from None
    finally:
        text.detach()
