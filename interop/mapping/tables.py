"""The tables of a family as they stand, before any meaning is given to them: their rows, their codes, what all families share."""

from __future__ import annotations

from dataclasses import dataclass, field

from interop.mapping.labels import Labelling
from interop.mapping.sites import Deviations
from interop.mapping.snapshots import SnapshotRow
from interop.mapping.whole import Claim, Part


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
