"""The files of tables: their columns, their rows, and that their bytes are kept."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib.resources.abc import Traversable

from interop.mapping.refusal import Refusals
from interop.mapping.sites import FOLDER
from interop.mapping.tables import Code, ElementRow, Tables, read_code

COLUMNS = {
    "routes": ("message", "resources", "why"),
    "resources": ("resource", "in", "each", "type", "key", "when", "effect", "why"),
    "elements": ("row", "of", "each", "from", "when", "to", "using", "codes", "why"),
    "include": ("folder", "why"),
    "codes": ("source", "system", "code", "display", "why"),
    "systems": ("source", "uri", "why"),
    "extensions": ("name", "url", "why"),
    "required": ("type", "element", "value", "why"),
    "fold": ("type", "element", "strategy", "why"),
    "signatures": ("message", "digest", "name", "role", "date"),
    "profiles": ("type", "profile", "needs", "once", "coded", "why"),
    "precedence": ("type", "element", "feed", "rank", "why"),
    "snapshots": ("scope", "per", "resources", "by", "complete", "why"),
    "sets": ("set", "confidentiality", "sensitivity", "why"),
    "labels": ("set", "system", "match", "code", "display", "why"),
}


class Reader:
    """Reads files of tables; keeps their bytes as the sources of ``tables``, and what is wrong with them in ``refusals``."""

    def __init__(self, tables: Tables, refusals: Refusals, base: Traversable) -> None:
        self._tables, self.refusals, self._base = tables, refusals, base

    def keep(self, path: str) -> bytes | None:
        """The bytes of a file, kept as a source of the tables; None where there is none."""
        file = self._base.joinpath(path)
        if not file.is_file():
            return None
        data = self._tables.sources[path] = file.read_bytes()
        return data

    def names(self, path: str) -> list[str]:
        """The names of the tables in a folder, in order."""
        folder = self._base.joinpath(path)
        return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".csv")) if folder.is_dir() else []

    def rows(self, path: str, kind: str) -> Iterator[dict[str, str]]:
        """The rows of a file that has just the columns of its kind; a missing shared file has none."""
        name = path.partition("/")[2] if f"/{FOLDER}/" in path else path.rpartition("/")[2]
        data = self.keep(path)
        if data is None:
            if kind in ("routes", "resources"):
                self.refusals.add(name, "-", "the file is missing")
            return
        try:
            lines = ["" if line.startswith("#") else line.strip() for line in data.decode("utf-8").splitlines()]
        except UnicodeDecodeError:
            self.refusals.add(name, "-", "the file is not in UTF-8")
            return
        before = next((number for number, line in enumerate(lines) if line), len(lines))
        if before == len(lines):
            return
        reader = csv.DictReader(lines[before:])
        if tuple(reader.fieldnames or ()) != COLUMNS[kind]:
            self.refusals.add(name, "header", f"the columns must be {','.join(COLUMNS[kind])}")
            return
        for cells in reader:
            if None in cells or None in cells.values():
                self.refusals.add(name, f"line {before + reader.line_num}", f"there must be {len(COLUMNS[kind])} cells")
                continue
            yield {column: cell.strip() for column, cell in cells.items()}

    def elements(self, folder: Traversable, path: str, prefix: str) -> list[ElementRow]:
        """The rows of every elements*.csv of a folder, their files named with ``prefix``."""
        made = []
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.name.startswith("elements") and entry.name.endswith(".csv"):
                for cells in self.rows(f"{path}/{entry.name}", "elements"):
                    of = tuple(name.strip() for name in cells.pop("of").split("|"))
                    source = cells.pop("from")
                    made.append(ElementRow(of=of, source=source, file=prefix + entry.name, **cells))
        return made

    def code_table(self, folder: str, name: str) -> None:
        """Read a code table under its file's name; a family's own table takes the place of a shared one."""
        table = self.codes(folder, name, f"codes/{name}")
        self._tables.codes[name.removesuffix(".csv")] = {source: code for source, (code, _) in table.items()}

    def codes(self, folder: str, name: str, called: str) -> dict[str, tuple[Code, str]]:
        """The rows of a code table by source value, with their whys; ``called`` is the file's name in a refusal."""
        table: dict[str, tuple[Code, str]] = {}
        for cells in self.rows(f"{folder}/{name}", "codes"):
            if cells["source"] in table:
                self.refusals.add(called, cells["source"], "this source value stands there twice")
            table[cells["source"]] = read_code(cells["system"], cells["code"], cells["display"]), cells["why"]
        return table
