"""Reads the tables that all families share."""

from __future__ import annotations

import re
from importlib.resources.abc import Traversable

from interop.fhir import facts
from interop.mapping.labels import read_labels
from interop.mapping.places import mappings_root
from interop.mapping.refusal import Refusals
from interop.mapping.table_files import Reader
from interop.mapping.tables import Shared, Tables
from interop.mapping.whole import Claim, Part

_PART = re.compile(r"(\w+)\[(\S+) without (\S+)\]")


def read_shared(root: Traversable | None = None) -> Shared:
    """Only the shared tables; raises TablesRefused."""
    refusals = Refusals()
    shared = of_all(Reader(Tables(""), refusals, root or mappings_root()))
    refusals.settle()
    return shared


def of_all(reader: Reader) -> Shared:
    """The shared tables, read by who reads those of a family too."""
    shared = Shared()
    for cells in reader.rows("systems.csv", "systems"):
        shared.systems[cells["source"]] = cells["uri"]
    for cells in reader.rows("extensions.csv", "extensions"):
        shared.extensions[cells["name"]] = cells["url"]
    for cells in reader.rows("required.csv", "required"):
        if found := _PART.fullmatch(cells["element"]):
            shared.parts.setdefault(cells["type"], []).append(Part(found[1], found[2], found[3], cells["value"]))
        else:
            shared.required.setdefault(cells["type"], {})[cells["element"]] = cells["value"]
    for cells in reader.rows("fold.csv", "fold"):
        shared.fold[cells["type"], cells["element"]] = cells["strategy"]
    for cells in reader.rows("profiles.csv", "profiles"):
        _claim(reader, shared, cells)
    for cells in reader.rows("precedence.csv", "precedence"):
        if cells["rank"].isdigit():
            shared.precedence[cells["type"], cells["element"], cells["feed"]] = int(cells["rank"])
        else:
            reader.refusals.add("precedence.csv", cells["type"], f"the rank {cells['rank']!r} is no number")
    shared.labels = read_labels(reader)
    return shared


def _claim(reader: Reader, shared: Shared, cells: dict[str, str]) -> None:
    """A row of profiles.csv: one profile a type, of elements that the type has."""
    kind, needs = cells["type"], tuple(cells["needs"].split())
    coded = tuple(_path_and_system(each) for each in cells["coded"].split())
    if kind not in facts.resource_types():
        reader.refusals.add("profiles.csv", kind, "R4 has no such resource type")
    elif kind in shared.profiles:
        reader.refusals.add("profiles.csv", kind, "this type stands there twice")
    elif not cells["profile"].startswith(("http://", "https://")):
        reader.refusals.add("profiles.csv", kind, "the profile must be a canonical URL")
    elif not all(map(all, coded)):
        reader.refusals.add("profiles.csv", kind, "coded must be ELEMENT.ELEMENT=SYSTEM")
    elif unknown := [name for name in (*needs, *(".".join(each[:2]) for each in coded)) if not facts.element(f"{kind}.{name}")]:
        reader.refusals.add("profiles.csv", kind, f"R4 has no element {kind}.{unknown[0]}")
    else:
        shared.profiles[kind] = Claim(cells["profile"], needs, tuple(cells["once"].split()), coded)


def _path_and_system(text: str) -> tuple[str, str, str]:
    """``communication.language=urn:ietf:bcp:47`` in its parts, '' for one that is missing."""
    path, _, system = text.partition("=")
    element, _, concept = path.partition(".")
    return element, concept, system
