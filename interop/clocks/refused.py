"""Tables of clocks that cannot be right: file, row, reason."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Final

ROW: Final = "row"


class ClocksRefused(ValueError):
    """Tables that cannot be used; each line names file, row and reason."""


class Rows:
    """The rows of a table and the reasons found against them. ``columns`` in their order; those of ``empty`` may hold nothing.

    Raises ClocksRefused at once where the columns are others."""

    def __init__(self, file: str, lines: Iterable[str], columns: tuple[str, ...], empty: frozenset[str] = frozenset()) -> None:
        self._file, self._columns, self._empty = file, columns, empty
        self._reader = csv.DictReader(lines, strict=True)
        self.refusals: list[str] = []
        if tuple(self._reader.fieldnames or ()) != columns:
            raise ClocksRefused(f"{file}, row 1: the columns are {', '.join(columns)}")

    def __iter__(self) -> Iterator[dict[str, str]]:
        """Each row that is whole; ``row`` is how refusals name it: its first column, or its line where that is empty."""
        for row in self._reader:
            line, more = self._reader.line_num, None in row
            said = {name: (value or "").strip() for name, value in row.items() if name}
            said[ROW] = said[self._columns[0]] or str(line)
            missing = [name for name in self._columns if not said[name] and name not in self._empty]
            if more or missing:
                self.refuse(said, f"{missing[0]} is wanted" if missing else "there are more columns than the table has")
                continue
            yield said

    def refuse(self, row: dict[str, str], reason: object) -> None:
        """Note why a row cannot be."""
        self.refusals.append(f"{self._file}, row {row[ROW]}: {reason}")

    def settle(self) -> None:
        """Raise ClocksRefused with every reason found, if there is any."""
        if self.refusals:
            raise ClocksRefused("\n".join(self.refusals))
