"""What a mapping yields: contributions to resources, links, losses. Values only; nothing here knows a store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

REST = "*"
"""A register that is deleted for all those that a feed said of a resource and does not say now."""


class Loss(NamedTuple):
    """A populated source field that no element carries. ``reason``: ``unmapped`` (no row), ``not-carried`` (a row says so, and
    why), ``unreadable`` (the transform refused it), ``no-code`` (not in the code table), ``unresolved`` (nothing has that
    key), ``condition`` (its rows' ``when`` did not hold). ``row`` is the table row, '' where there is none."""

    path: str
    reason: str
    row: str = ""


@dataclass(slots=True)
class Contribution:
    """What one message says of one resource.

    ``registers`` maps a register to its value. A register is the smallest part that a source sets or leaves alone: a dotted
    path (``status``, ``period.start``, ``hospitalization.dischargeDisposition``) or, for an element that repeats, path and
    row group (``telecom:PAT13``) with the list of elements which that group gives. ``deleted`` are registers the source
    deletes (HL7 v2 ``""``). ``effect``: ``upsert``, ``delete`` (the resource is withdrawn) or ``cancel`` (what the event named
    in ``cancels`` said is undone).
    """

    type: str
    id: str
    registers: dict[str, Any] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    effect: str = "upsert"
    cancels: str = ""
    event: str = ""
    tags: list[str] = field(default_factory=list)
    name: str = ""
    derived: dict[str, Any] | None = None
    """Where bytes made of this contribution may be kept: it is shared by all that are equal to it; None where none are."""


class Relink(NamedTuple):
    """Two Patients are one person: ``patient`` was merged into ``into`` (A40); or they are linked or unlinked (``paired``: A24,
    A37), which their registers tell, so that the latest event speaks."""

    patient: str
    into: str
    row: str
    paired: bool = False


@dataclass(slots=True)
class Mapped:
    """All that one message yields. ``carried`` counts source fields that reached an element."""

    contributions: list[Contribution] = field(default_factory=list)
    relinks: list[Relink] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    carried: int = 0
    digest: str = ""
    names: set[str] = field(default_factory=set)
    """The resources and contexts of the tables that the message made."""
