"""The files of the tables of the plan: their columns and their rows."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

COLUMNS: Final = {
    "headings": ("heading", "group", "title", "single", "voice", "code", "why"),
    "content": (
        "row", "heading", "type", "each", "when", "text", "means", "trigger", "role", "who", "timing", "telecom", "notes", "why",
    ),
    "codes": ("set", "system", "code", "display", "means", "why"),
    "meanings": ("means", "words", "signs", "why"),
    "types": ("type", "status", "date", "author", "until", "review", "ended", "why"),
    "standing": ("type", "status", "standing", "why"),
    "prsb": ("element", "heading", "from", "why"),
    "labels": ("label", "heading", "as", "why"),
    "written": ("row", "type", "each", "when", "text", "plan", "why"),
}  # fmt: skip
NAMES: Final = {
    "headings": "heading",
    "content": "row",
    "meanings": "means",
    "types": "type",
    "prsb": "element",
    "written": "row",
    "labels": "label",
}
"""The column that names a row."""


@dataclass(slots=True)
class TableFiles:
    """``lines`` gives those of a file by its name without ``.csv``; what is wrong with them is added to ``refusals``."""

    lines: Callable[[str], Iterable[str]]
    refusals: list[str] = field(default_factory=list)

    def refuse(self, table: str, row: object, why: str) -> None:
        """Note why a row cannot be right."""
        self.refusals.append(f"careplan/{table}.csv, row {row}: {why}")

    def rows(self, table: str) -> Iterator[dict[str, str]]:
        """The cells of each row that has a name of its own and a why."""
        reader = csv.DictReader(self.lines(table), strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS[table]:
            self.refuse(table, 1, f"the columns are {', '.join(COLUMNS[table])}")
            return
        seen = set()
        for number, cells in enumerate(reader, 2):
            said = {name: (value or "").strip() for name, value in cells.items() if name}
            key = said[NAMES[table]] if table in NAMES else tuple(said[name] for name in COLUMNS[table][:3])
            if None in cells or not key or key in seen:
                self.refuse(table, number, "it stands there twice" if key in seen else "it has too many cells, or no name")
            elif not said["why"]:
                self.refuse(table, number, "a row needs a why")
            else:
                yield said
            seen.add(key)
