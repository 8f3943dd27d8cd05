"""Reads the tables of a family as they stand, before any meaning is given to them (see docs/mapping-language.md)."""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from interop.fhir import facts
from interop.mapping.labels import Labelling, read_labels
from interop.mapping.places import mappings_root
from interop.mapping.refusal import Refusals
from interop.mapping.sites import FOLDER, Deviations, deviating, read_deviations, sites_of
from interop.mapping.snapshots import SnapshotRow, read_snapshots


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A message type and the resources that it makes, in the order in which they are made."""

    message: str
    resources: tuple[str, ...]
    why: str
    file: str


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """A row of resources.csv."""

    resource: str
    within: tuple[str, ...]
    each: str
    type: str
    key: str
    when: str
    effect: str
    why: str
    file: str


@dataclass(frozen=True, slots=True)
class ElementRow:
    """A row of elements*.csv."""

    row: str
    of: tuple[str, ...]
    each: str
    source: str
    when: str
    to: str
    using: str
    codes: str
    why: str
    file: str


@dataclass(frozen=True, slots=True)
class Code:
    """What a source code means: system, code, display; code ``=`` stands for the source's own."""

    system: str
    code: str
    display: str
    coding: dict[str, str]


def read_code(system: str, code: str, display: str) -> Code:
    """A code with its Coding, empty parts left out."""
    parts = {"system": system, "code": code, "display": display}
    return Code(system, code, display, {name: part for name, part in parts.items() if part})


@dataclass(frozen=True, slots=True)
class Claim:
    """A profile that resources of a type say they keep, once they are whole.

    It is claimed where every element of ``needs`` is there, no identifier system of ``once`` stands there twice, and every
    element at the path of ``coded`` has a coding of its system.
    """

    profile: str
    needs: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    coded: tuple[tuple[str, str, str], ...] = ()
    """(element that repeats, CodeableConcept in it, system)."""

    def fits(self, body: dict[str, Any]) -> bool:
        """Whether a resource can keep it."""
        if self.needs and not all(name in body for name in self.needs):
            return False
        if self.once and len(body.get("identifier", ())) > 1:
            systems = [each.get("system") for each in body["identifier"]]
            if not all(systems.count(system) < 2 for system in self.once):
                return False
        return all(_coded(each.get(concept), system) for name, concept, system in self.coded for each in body.get(name, ()))


def _coded(concept: Any, system: str) -> bool:
    """Whether a CodeableConcept has a coding of a system."""
    return bool(concept) and any(coding.get("system") == system and "code" in coding for coding in concept.get("coding", ()))


class Part(NamedTuple):
    """What R4 demands beside a code: ``element`` of a resource coded ``whole`` has one coded ``part``; ``value`` stands in for it.
    Codes are ``SYSTEM|CODE``."""

    element: str
    whole: str
    part: str
    value: str

    def missing(self, body: dict[str, Any]) -> bool:
        """Whether a resource lacks it."""
        return _has(body, self.whole) and not any(_has(one, self.part) for one in body.get(self.element, ()))


def _has(coded: dict[str, Any], token: str) -> bool:
    """Whether what has a ``code`` has that one."""
    system, _, code = token.rpartition("|")
    codings = coded.get("code", {}).get("coding", ())
    return any(coding.get("code") == code and coding.get("system") == system for coding in codings)


_PART = re.compile(r"(\w+)\[(\S+) without (\S+)\]")


@dataclass(slots=True)
class Shared:
    """The tables that all families share."""

    systems: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, str] = field(default_factory=dict)
    required: dict[str, dict[str, str]] = field(default_factory=dict)
    parts: dict[str, list[Part]] = field(default_factory=dict)
    fold: dict[tuple[str, str], str] = field(default_factory=dict)
    precedence: dict[tuple[str, str, str], int] = field(default_factory=dict)
    profiles: dict[str, Claim] = field(default_factory=dict)
    labels: Labelling = field(default_factory=Labelling)


@dataclass(slots=True)
class Tables:
    """A family's tables as read. ``digest`` is over the bytes of every file they came from, shared ones included; ``included``
    are the folders whose element and code tables it takes over; ``sites`` the senders that say something otherwise, and
    ``deviations`` what the one says whose tables these are."""

    family: str
    routes: list[RouteRow] = field(default_factory=list)
    resources: list[ResourceRow] = field(default_factory=list)
    elements: list[ElementRow] = field(default_factory=list)
    codes: dict[str, dict[str, Code]] = field(default_factory=dict)
    shared: Shared = field(default_factory=Shared)
    digest: str = ""
    sources: dict[str, bytes] = field(default_factory=dict)
    included: tuple[str, ...] = ()
    sites: frozenset[str] = frozenset()
    deviations: Deviations = field(default_factory=Deviations)
    snapshots: list[SnapshotRow] = field(default_factory=list)


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


def pack(tables: Tables) -> bytes:
    """All files of a family's tables as one: compressed JSON of path to text, to be kept by digest."""
    return gzip.compress(orjson.dumps({path: data.decode() for path, data in sorted(tables.sources.items())}), mtime=0)


def unpack(data: bytes, directory: Path) -> None:
    """Write packed tables to a directory from which ``read_tables`` reads them again."""
    for path, text in orjson.loads(gzip.decompress(data)).items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


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
    tables.shared = _shared(reader)
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


def read_shared(root: Traversable | None = None) -> Shared:
    """Only the shared tables; raises TablesRefused."""
    refusals = Refusals()
    shared = _shared(Reader(Tables(""), refusals, root or mappings_root()))
    refusals.settle()
    return shared


def _shared(reader: Reader) -> Shared:
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
        reader.claim(shared, cells)
    for cells in reader.rows("precedence.csv", "precedence"):
        if cells["rank"].isdigit():
            shared.precedence[cells["type"], cells["element"], cells["feed"]] = int(cells["rank"])
        else:
            reader.refusals.add("precedence.csv", cells["type"], f"the rank {cells['rank']!r} is no number")
    shared.labels = read_labels(reader)
    return shared


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

    def claim(self, shared: Shared, cells: dict[str, str]) -> None:
        """A row of profiles.csv: one profile a type, of elements that the type has."""
        kind, needs = cells["type"], tuple(cells["needs"].split())
        coded = tuple(_path_and_system(each) for each in cells["coded"].split())
        if kind not in facts.resource_types():
            self.refusals.add("profiles.csv", kind, "R4 has no such resource type")
        elif kind in shared.profiles:
            self.refusals.add("profiles.csv", kind, "this type stands there twice")
        elif not cells["profile"].startswith(("http://", "https://")):
            self.refusals.add("profiles.csv", kind, "the profile must be a canonical URL")
        elif not all(map(all, coded)):
            self.refusals.add("profiles.csv", kind, "coded must be ELEMENT.ELEMENT=SYSTEM")
        elif unknown := [name for name in (*needs, *(".".join(each[:2]) for each in coded)) if not facts.element(f"{kind}.{name}")]:
            self.refusals.add("profiles.csv", kind, f"R4 has no element {kind}.{unknown[0]}")
        else:
            shared.profiles[kind] = Claim(cells["profile"], needs, tuple(cells["once"].split()), coded)

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


def _path_and_system(text: str) -> tuple[str, str, str]:
    """``communication.language=urn:ietf:bcp:47`` in its parts, '' for one that is missing."""
    path, _, system = text.partition("=")
    element, _, concept = path.partition(".")
    return element, concept, system
