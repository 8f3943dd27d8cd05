"""Code tables of a mapping (``codes/NAME.csv``: source, system, code, display, why) as concept maps (FHIR R4, ConceptMap)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from interop.fhir.shapes import Json

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

COLUMNS = ["source", "system", "code", "display", "why"]
URL = "urn:interop:conceptmap:"
SOURCE = "urn:interop:source:"
ALL, SAME = "*", "="


class BadTable(ValueError):
    """A code table cannot be read; the message names file and line."""


def code_tables(folder: Path | Traversable) -> Iterator[Json]:
    """A ConceptMap for each code table at or below ``folder``, in the order of their names.

    ``FAMILY/codes/NAME.csv`` becomes ``urn:interop:conceptmap:FAMILY:NAME``, from ``urn:interop:source:FAMILY:NAME`` (the source's
    own values) to the systems in the table; tables shared by all families have no ``FAMILY:``. A row ``*`` is for all values that
    have no row of their own. Raises BadTable.
    """
    yield from _walk(folder, ())


def _walk(folder: Path | Traversable, way: tuple[str, ...]) -> Iterator[Json]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _walk(entry, (*way, entry.name))
        elif entry.name.endswith(".csv") and (way[-1:] == ("codes",) or folder.name == "codes"):
            yield _map(entry, ":".join((*(step for step in way if step != "codes"), entry.name.removesuffix(".csv"))))


def _map(entry: Path | Traversable, name: str) -> Json:
    rows = list(_rows(entry))
    default = next((row for row in rows if row["source"] == ALL), None)
    own = [row for row in rows if row["source"] != ALL]
    groups: dict[str, Json] = {}
    for system in dict.fromkeys([*(row["system"] for row in own), *([default["system"]] if default else [])]):
        elements = [_element(row) for row in own if row["system"] == system]
        groups[system] = {"source": SOURCE + name, **({"target": system} if system else {}), "element": elements}
    if default:
        group = groups[default["system"]]
        # A value with a row in another group must not fall through to this group's default.
        group["element"] += [{"code": row["source"]} for row in own if row["system"] != default["system"]]
        text = {"display": default["display"]} if default["display"] else {}
        group["unmapped"] = {"mode": "provided"} if default["code"] == SAME else {"mode": "fixed", "code": default["code"], **text}
    return {
        "resourceType": "ConceptMap",
        "url": URL + name,
        "name": name.replace(":", "_").replace("-", "_"),
        "status": "active",
        "group": list(groups.values()),
    }


def _element(row: dict[str, str]) -> Json:
    target = {"code": row["source"] if row["code"] == SAME else row["code"], "equivalence": "equivalent"}
    target |= {key: row[column] for key, column in (("display", "display"), ("comment", "why")) if row[column]}
    return {"code": row["source"], "target": [target]}


def _rows(entry: Path | Traversable) -> Iterator[dict[str, str]]:
    lines = entry.read_text(encoding="utf-8").splitlines()
    header: list[str] | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = _cells(line)
        if header is None:
            header = cells
            if header != COLUMNS:
                raise BadTable(f"{entry.name} line {number}: the columns are not {','.join(COLUMNS)}")
            continue
        if len(cells) != len(header):
            raise BadTable(f"{entry.name} line {number}: {len(cells)} cells, not {len(header)}")
        yield dict(zip(header, (cell.strip() for cell in cells), strict=True))


def _cells(line: str) -> list[str]:
    rows: Iterable[list[str]] = csv.reader([line])
    return next(iter(rows), [])
