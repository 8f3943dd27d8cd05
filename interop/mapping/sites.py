"""What one sender says otherwise: ``mappings/FAMILY/sites/SITE/`` (docs/decisions/0024-site-overrides.md).

Rows of elements*.csv by row id and of code tables by source value take the place of the family's, come in addition, or (second cell
``-``) take one away. The tables that come of it are checked and compiled as those of a family are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from interop.mapping.table_files import Reader
    from interop.mapping.tables import Code, ElementRow, Tables

FOLDER: Final = "sites"
GONE: Final = "-"
"""In the second cell of a row (``of``, ``system``): the family's row is taken away."""


class SiteCode(NamedTuple):
    """What a source value means at the site; no code where the family's row is taken away."""

    code: Code | None
    why: str


@dataclass(slots=True)
class Deviations:
    """What a site's folder says, as it is written; ``site`` is '' for a family's own tables.."""

    site: str = ""
    elements: list[ElementRow] = field(default_factory=list)
    codes: dict[str, dict[str, SiteCode]] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Where it stands within the family's folder."""
        return f"{FOLDER}/{self.site}"


def sites_of(folder: Traversable) -> frozenset[str]:
    """The sites of a family's folder."""
    sites = folder.joinpath(FOLDER)
    return frozenset(entry.name for entry in sites.iterdir() if entry.is_dir()) if sites.is_dir() else frozenset()


def read_deviations(tables: Tables, site: str, reader: Reader, base: Traversable) -> Deviations:
    """Read a site's folder; what could not be right beside the family's ``tables`` is added to the refusals."""
    said = Deviations(site)
    place = f"{tables.family}/{said.folder}"
    folder = base.joinpath(place)
    if not folder.is_dir():
        reader.refusals.add(said.folder, "-", "there is no such folder")
        return said
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        elements = entry.name.startswith("elements") and entry.name.endswith(".csv")
        if not elements and entry.name not in ("source.csv", "codes", "examples"):
            reader.refusals.add(f"{said.folder}/{entry.name}", "-", "a site has elements*.csv, codes, source.csv and examples")
    reader.keep(f"{place}/source.csv")
    said.elements = reader.elements(folder, place, f"{said.folder}/")
    _check_elements(tables, said, reader)
    if folder.joinpath("codes").is_dir():
        for entry in sorted(folder.joinpath("codes").iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".csv"):
                said.codes[entry.name.removesuffix(".csv")] = _codes(tables, said, entry.name, reader)
    return said


def _check_elements(tables: Tables, said: Deviations, reader: Reader) -> None:
    known, seen = {row.row for row in tables.elements}, set[str]()
    for row in said.elements:
        if row.row in seen:
            reader.refusals.add(row.file, row.row, "the site has two rows of that id")
        seen.add(row.row)
        if row.of == (GONE,) and row.row not in known:
            reader.refusals.add(row.file, row.row, "it takes away a row that the family does not have")
        elif not row.why and row.row in known:
            reader.refusals.add(row.file, row.row, "what a site says otherwise needs a why")


def _codes(tables: Tables, said: Deviations, name: str, reader: Reader) -> dict[str, SiteCode]:
    known, table = tables.codes.get(name.removesuffix(".csv"), {}), dict[str, SiteCode]()
    file = f"{said.folder}/codes/{name}"
    for source, (code, why) in reader.codes(f"{tables.family}/{said.folder}/codes", name, file).items():
        gone = code.system == GONE
        table[source] = SiteCode(None if gone else code, why)
        if gone and source not in known:
            reader.refusals.add(file, source, "it takes away a source value that the family's table does not have")
        elif not why and source in known:
            reader.refusals.add(file, source, "what a site says otherwise needs a why")
    return table


def deviating(tables: Tables, said: Deviations) -> Tables:
    """The family's tables with what the site says otherwise."""
    rows = {row.row: row for row in tables.elements}
    for row in said.elements:
        if row.of == (GONE,):
            rows.pop(row.row, None)
        else:
            rows[row.row] = row
    codes = dict(tables.codes)
    for name, table in said.codes.items():
        codes[name] = _laid_over(codes.get(name, {}), table)
    return replace(tables, elements=list(rows.values()), codes=codes, deviations=said)


class Deviation(NamedTuple):
    """A row that a site says otherwise: ``does`` is ``instead`` (of the family's), ``more`` or ``away``."""

    file: str
    row: str
    does: str


def deviations(family: Tables, said: Deviations) -> list[Deviation]:
    """Every row of a site's folder beside the family's tables, in the order of its files."""
    rows = {row.row for row in family.elements}
    found = [Deviation(row.file, row.row, _does(row.of == (GONE,), row.row in rows)) for row in said.elements]
    for name, table in said.codes.items():
        known = family.codes.get(name, {})
        file = f"{said.folder}/codes/{name}.csv"
        found += [Deviation(file, source, _does(one.code is None, source in known)) for source, one in table.items()]
    return found


def _does(away: bool, known: bool) -> str:
    return "away" if away else "instead" if known else "more"


def _laid_over(table: Mapping[str, Code], said: Mapping[str, SiteCode]) -> dict[str, Code]:
    made = {source: code for source, code in table.items() if source not in said}
    return made | {source: one.code for source, one in said.items() if one.code is not None}
