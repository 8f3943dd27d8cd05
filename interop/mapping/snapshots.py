"""Which messages tell all that there is of a part of a record (``FAMILY/snapshots.csv``, docs/decisions/0026-snapshots.md).

A scope is a part of the record of one patient, or of one visit, as one organisation tells it by one feed. Its name begins with
``~`` and is the ``event`` under which the feed's contributions to it are kept.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from interop.mapping.contribution import Contribution, Mapped
from interop.ports import Envelope

if TYPE_CHECKING:
    from interop.mapping.table_files import Reader
    from interop.mapping.tables import Tables

MARK: Final = "~"
DELTA: Final = "delta"
"""What a feed declares whose messages never retract by what they leave out."""
BY: Final = ("message", "feed")
PER: Final = {"Patient": ("subject", "patient"), "Encounter": ("encounter",)}
"""Whose a scope is, and the elements that say so."""
UNLINKED: Final = "unlinked"
"""The tag of a resource whose key its source did not give."""


class SnapshotRow(NamedTuple):
    """A row of snapshots.csv: the resources of a scope, whose they are (``per``: the type that they refer to), who says that a
    message is complete (``message`` or ``feed``), and the resources or contexts of which the message must have made one."""

    scope: str
    per: str
    resources: frozenset[str]
    by: str
    complete: frozenset[str]
    why: str


def read_snapshots(reader: Reader, tables: Tables) -> list[SnapshotRow]:
    """The scopes of a family."""
    rows: list[SnapshotRow] = []
    known = {row.resource: row for row in tables.resources}
    for cells in reader.rows(f"{tables.family}/snapshots.csv", "snapshots"):
        row = SnapshotRow(
            cells["scope"],
            cells["per"],
            frozenset(cells["resources"].split()),
            cells["by"],
            frozenset(cells["complete"].split()),
            cells["why"],
        )
        refuse = [name for name in sorted(row.resources | row.complete) if name not in known]
        if refuse:
            reader.refusals.add("snapshots.csv", row.scope, f"resources.csv has no {refuse[0]}")
        elif row.by not in BY:
            reader.refusals.add("snapshots.csv", row.scope, "by is message or feed")
        elif row.per not in PER:
            reader.refusals.add("snapshots.csv", row.scope, "per is Patient or Encounter")
        elif not cells["why"] or not row.complete:
            reader.refusals.add("snapshots.csv", row.scope, "it needs what makes it complete, and a why")
        elif shared := [name for one in rows for name in sorted(one.resources & row.resources)]:
            reader.refusals.add("snapshots.csv", row.scope, f"{shared[0]} belongs to two scopes")
        elif row.scope in (one.scope for one in rows) or row.scope == DELTA:
            reader.refusals.add("snapshots.csv", row.scope, "a scope has a name of its own")
        else:
            rows.append(row)
    return rows


def told(made: Mapped, rows: list[SnapshotRow]) -> list[str]:
    """The scopes that a message tells all of, if its feed does not say otherwise."""
    return [row.scope for row in rows if not row.complete.isdisjoint(made.names)]


def scoped(made: Mapped, rows: list[SnapshotRow], envelope: Envelope, declared: Collection[str]) -> list[str]:
    """Put each contribution under the scope that it belongs to; the scopes of which this message tells all.

    ``declared`` are the scopes that the feed says its messages hold whole, or ``delta``. A scope in which a resource has no key
    is not complete: whether it was told before cannot be known.
    """
    if DELTA in declared:
        return []
    rows = [row for row in rows if row.by == "message" or row.scope in declared]
    if not rows:
        return []
    holders = {per: {one.id: None for one in made.contributions if one.type == per and one.effect == "upsert"} for per in PER}
    scopes = {name: row for row in rows for name in row.resources}
    unsure = set[str]()
    for one in made.contributions:
        row = scopes.get(one.name)
        if row is None or one.event or one.effect == "cancel" or one.derived is not None:
            continue
        if UNLINKED in one.tags:
            unsure.add(row.scope)
        holder = _holder(one, row.per) or (next(iter(holders[row.per])) if len(holders[row.per]) == 1 else "")
        if holder:
            one.event = _name(envelope, row, holder)
    return [
        _name(envelope, row, holder)
        for row in rows
        if row.scope not in unsure and not row.complete.isdisjoint(made.names)
        for holder in holders[row.per]
    ]


def _name(envelope: Envelope, row: SnapshotRow, holder: str) -> str:
    return f"{MARK}{envelope.organisation}/{row.scope}/{holder}"


def _holder(one: Contribution, per: str) -> str:
    """The Patient or Encounter that a contribution says it belongs to."""
    for name in PER[per]:
        value: Any = one.registers.get(name)
        if isinstance(value, dict):
            reference: str = value.get("reference", "")
            if reference.startswith(f"{per}/"):
                return reference.removeprefix(f"{per}/")
    return ""
