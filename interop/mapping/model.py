"""Checked tables, ready for the emitters: every path parsed, every name resolved."""

from __future__ import annotations

from dataclasses import dataclass, field

from interop.mapping.conditions import Condition
from interop.mapping.paths import Path
from interop.mapping.tables import ElementRow, ResourceRow, Tables
from interop.mapping.targets import Target


@dataclass(slots=True)
class Element:
    """A row of elements.csv, understood. ``kind`` is value, table, resource, key, copy or none (``-``)."""

    row: ElementRow
    kind: str
    name: str
    each: Path | None
    sources: tuple[Path, ...]
    when: Condition
    target: Target | None
    constant: bool
    group: str = ""

    @property
    def id(self) -> str:
        """The row's id."""
        return self.row.row

    @property
    def paths(self) -> list[Path]:
        """Every path that the row reads: its sources and those of its condition."""
        return [*self.sources, *(test.path for test in self.when)]

    @property
    def register(self) -> str:
        """The register that the row sets; only of a row with a target."""
        assert self.target is not None
        return f"{self.target.path}:{self.group}" if self.target.repeats else self.target.path


@dataclass(slots=True)
class Resource:
    """A row of resources.csv, understood, with its elements in the order of their rows."""

    row: ResourceRow
    each: Path | None
    when: Condition
    key: tuple[tuple[str, tuple[Path, ...] | str], ...]
    relink: Path | str | None
    elements: list[Element] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    stops: tuple[tuple[str, str], ...] = ()
    """The siblings that begin at segments, and these: its own context ends there."""
    left: dict[str, str] = field(default_factory=dict)
    """Segments whose fields are not carried unless a row reads them, with the row that says so."""

    @property
    def name(self) -> str:
        """The resource's name in the tables."""
        return self.row.resource


@dataclass(slots=True)
class SubTable:
    """Rows that are used from several places, for one FHIR type."""

    name: str
    type: str
    elements: list[Element]


@dataclass(slots=True)
class Model:
    """A family, understood."""

    tables: Tables
    er7: bool
    resources: dict[str, Resource] = field(default_factory=dict)
    subtables: dict[str, SubTable] = field(default_factory=dict)
    rows: bool = False
    """Whether the messages are rows of a table (CSV)."""
