"""Reads the tables of a family as they stand, before any meaning is given to them (see docs/mapping-language.md)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib.resources.abc import Traversable

from interop.mapping.places import mappings_root
from interop.mapping.refusal import Refusals
from interop.mapping.shared import of_all
from interop.mapping.sites import deviating, read_deviations, sites_of
from interop.mapping.snapshots import read_snapshots
from interop.mapping.table_files import Reader
from interop.mapping.tables import ElementRow, ResourceRow, RouteRow, Tables


def families(root: Traversable | None = None) -> list[str]:
    """The families that have tables."""
    folder = root or mappings_root()
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and entry.joinpath("routes.csv").is_file())


def read_tables(family: str, refusals: Refusals, root: Traversable | None = None, site: str = "") -> Tables:
    """Read the tables of ``family``, or those that hold for one of its sites; what cannot be read is added to ``refusals``."""
    base = root or mappings_root()
    folder = base.joinpath(family)
    tables = Tables(family, sites=sites_of(folder))
    reader = Reader(tables, refusals, base)
    reader.keep(f"{family}/source.csv")
    for cells in reader.rows(f"{family}/routes.csv", "routes"):
        tables.routes.append(RouteRow(cells["message"], tuple(cells["resources"].split()), cells["why"], "routes.csv"))
    for cells in reader.rows(f"{family}/resources.csv", "resources"):
        within = tuple(name for name in cells.pop("in").split("|") if name)
        tables.resources.append(ResourceRow(within=within, file="resources.csv", **cells))
    tables.included = tuple(cells["folder"] for cells in reader.rows(f"{family}/include.csv", "include"))
    tables.elements = reader.elements(folder, family, "")
    for name in tables.included:
        shared = base.joinpath(name)
        if not shared.is_dir():
            refusals.add("include.csv", name, "there is no such folder")
            continue
        reader.keep(f"{name}/source.csv")
        tables.elements += _spoken_of(reader.elements(shared, name, f"{name}/"), tables)
    for codes in ("codes", *(f"{name}/codes" for name in tables.included), f"{family}/codes"):
        if base.joinpath(codes).is_dir():
            for entry in sorted(base.joinpath(codes).iterdir(), key=lambda entry: entry.name):
                if entry.name.endswith(".csv"):
                    reader.code_table(codes, entry.name)
    tables.snapshots = read_snapshots(reader, tables)
    tables.shared = of_all(reader)
    if site:
        tables = deviating(tables, read_deviations(tables, site, reader, base))
    digest = hashlib.sha256()
    for name in sorted(tables.sources):
        digest.update(name.encode() + b"\0" + tables.sources[name] + b"\0")
    tables.digest = digest.hexdigest()[:32]
    return tables


def included(family: str, root: Traversable | None = None) -> tuple[str, ...]:
    """The folders whose tables a family includes."""
    reader = Reader(Tables(family), Refusals(), root or mappings_root())
    return tuple(cells["folder"] for cells in reader.rows(f"{family}/include.csv", "include"))


def routed(family: str, root: Traversable | None = None) -> frozenset[str]:
    """The message types that a family's tables map; nothing else of them is read."""
    reader = Reader(Tables(family), Refusals(), root or mappings_root())
    return frozenset(cells["message"] for cells in reader.rows(f"{family}/routes.csv", "routes"))


def _spoken_of(rows: list[ElementRow], tables: Tables) -> list[ElementRow]:
    """Of the rows of an included folder those of resources that the family has, and of sub-tables that such rows use."""
    known = {row.resource for row in tables.resources}
    using = list(tables.elements)
    while True:
        named = known | {row.using[6:] for row in using if row.using.startswith("table:")}
        kept = [replace(row, of=tuple(name for name in row.of if name in named)) for row in rows if named & {*row.of}]
        if len(using) == len(tables.elements) + len(kept):
            return kept
        using = [*tables.elements, *kept]
