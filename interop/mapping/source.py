"""The names that a family's messages may hold (source.csv): what makes an unknown source path a refusal, not a silence.

Columns ``name,fields,clinical,why``: for ER7 a segment and how many fields it has, for trees the name of an element or
``@attribute``. ``clinical`` are the field numbers (``y`` for a tree name) that may never be left out deliberately.
"""

from __future__ import annotations

import csv
from importlib.resources.abc import Traversable

from interop.mapping.paths import Er7Path, Path, TreePath
from interop.mapping.places import mappings_root
from interop.mapping.reading import included
from interop.mapping.refusal import Refusals
from interop.mapping.sites import FOLDER

COLUMNS = ["name", "fields", "clinical", "why"]


class SourceNames:
    """What may be named in a path of this family."""

    def __init__(self) -> None:
        self.fields: dict[str, int] = {}
        self.clinical: dict[str, frozenset[str]] = {}

    @classmethod
    def read(cls, family: str, root: Traversable | None, refusals: Refusals, site: str = "") -> SourceNames:
        """Read source.csv of a family and of the folders that it includes, and the names that a site adds."""
        names, base = cls(), root or mappings_root()
        for folder in (*included(family, root), family):
            names._add(base.joinpath(folder, "source.csv"), refusals)
        own = base.joinpath(family, FOLDER, site, "source.csv")
        if site and own.is_file():
            added, file = cls(), f"{FOLDER}/{site}/source.csv"
            added._add(own, refusals, file)
            for name in added.fields.keys() & names.fields.keys():
                refusals.add(file, name, "it is a name of the family: a site adds names of its own")
            names.fields |= added.fields
            names.clinical |= added.clinical
        return names

    def _add(self, file: Traversable, refusals: Refusals, called: str = "source.csv") -> None:
        """Take in the names of one file, ``called`` so in a refusal."""
        if not file.is_file():
            refusals.add(called, "-", "the file is missing: it lists the segments or names that these messages have")
            return
        lines = [line for line in file.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]
        reader = csv.DictReader(lines)
        if reader.fieldnames != COLUMNS:
            refusals.add(called, "header", f"the columns must be {','.join(COLUMNS)}")
            return
        for cells in reader:
            if None in cells or None in cells.values() or not (cells["fields"] or "0").isdigit():
                refusals.add(called, cells["name"] or "-", f"there must be {len(COLUMNS)} cells, fields a number")
                continue
            self.fields[cells["name"]] = int(cells["fields"] or 0)
            if cells["clinical"]:
                self.clinical[cells["name"]] = frozenset(cells["clinical"].split())

    def unknown(self, path: Path) -> str:
        """Why a path cannot be of these messages; '' if it can."""
        if isinstance(path, Er7Path):
            if path.segment and path.segment not in self.fields:
                return f"unknown source path {path}: source.csv has no segment {path.segment}"
            if path.segment and path.field > self.fields[path.segment]:
                return f"unknown source path {path}: {path.segment} has {self.fields[path.segment]} fields"
        elif isinstance(path, TreePath):
            for step in path.steps:
                if step.name != "*" and step.name not in self.fields:
                    return f"unknown source path {path}: source.csv has no {step.name}"
                for predicate in step.predicates:
                    reason = self.unknown(predicate.path) or (self.unknown(predicate.other) if predicate.other else "")
                    if reason:
                        return reason
        return ""

    def is_clinical(self, path: Path) -> bool:
        """Whether source.csv forbids to leave this out."""
        if isinstance(path, Er7Path):
            return str(path.field) in self.clinical.get(path.segment, frozenset())
        return isinstance(path, TreePath) and any(step.name in self.clinical for step in path.steps)
