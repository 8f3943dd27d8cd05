"""The order of a search's answer: values of index rows, resources without a value last, then the order in which they came.

A resource's number never changes and is never used again, so a cursor of sort values and number stays right while data change.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from interop.store.sql.index import NAMED
from interop.store.sql.where import Compiler

LAST = "\U0010ffff"
GREATEST = 1.7e308

KEYS: tuple[tuple[tuple[str, ...], str, str, str, tuple[Any, Any]], ...] = (
    (("date",), "index_date", "low", "high", (2**63 - 1, -(2**63) + 1)),
    (("string", "uri"), "index_string", "value", "written", (LAST, "")),
    (("token",), "index_token", "code", "sid", (LAST, "")),
    (("number", "measure", "quantity"), "index_quantity", "low", "high", (GREATEST, -GREATEST)),
    (("reference",), "index_reference", "target", "target", (LAST, "")),
)
"""Kinds of index row, their table, the column to sort by, one that tells rows of one resource apart, and what stands for no value
going up and going down."""


class Key(NamedTuple):
    """One key of the order. ``walk`` is table, column, second column and parameter's number of an index in whose order resources
    can be gone through; None where there is none."""

    expression: str
    descending: bool
    missing: Any = None
    walk: tuple[str, str, str, int] | None = None


def key(compiler: Compiler, parameter: str, descending: bool, type_: str | None) -> Key:
    """How to sort by a parameter: up by the least value of a resource, down by the greatest; a period counts by its start."""
    if parameter == "_id":
        return Key("r.id", descending)
    if parameter == "_lastUpdated":
        return Key("r.updated", descending)
    for kinds, table, column, second, absent in KEYS:
        found = [pids for kind in kinds if (pids := compiler.names.pids(type_, parameter, kind))]
        if found or (table == "index_reference" and parameter in NAMED):
            return _key(
                compiler, parameter, descending, found[0] if found else [], type_, (table, column, second), absent[descending]
            )
    return Key(compiler.literal("" if descending else LAST), descending)


def _key(
    compiler: Compiler, parameter: str, descending: bool, pids: list[int], type_: str | None, of: tuple[str, str, str], absent: Any
) -> Key:
    table, column, second = of
    listed = ", ".join(map(str, pids)) or "-1"
    values = f"SELECT x.{column} AS v FROM {table} x WHERE x.rid = r.rid AND x.pid IN ({listed})"
    named = compiler.named(parameter, "r") if table == "index_reference" else []
    if named:
        values += f" UNION ALL SELECT 'Patient/' || r.subject AS v WHERE {named[0]}"
    best = "max" if descending else "min"
    text = f"coalesce((SELECT {best}(u.v) FROM ({values}) u), {_literal(absent)})"
    if not named:
        text = (
            f"coalesce((SELECT {best}(x.{column}) FROM {table} x WHERE x.rid = r.rid AND x.pid IN ({listed})), {_literal(absent)})"
        )
    walk = (table, column, second, pids[0]) if len(pids) == 1 and type_ is not None and not named else None
    return Key(text, descending, absent, walk)


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else repr(value)


def walked(first: Key) -> tuple[str, str]:
    """FROM and WHERE that go through resources in the order of a key's index, each at its first row; and the column's name."""
    assert first.walk is not None
    table, column, second, pid = first.walk
    before = ">" if first.descending else "<"
    nearer = f"(y.{column} {before} w.{column} OR (y.{column} = w.{column} AND y.{second} < w.{second}))"
    return (
        f"{table} w CROSS JOIN resource r WHERE w.pid = {pid} AND r.rid = w.rid AND r.deleted = 0 "
        f"AND NOT EXISTS (SELECT 1 FROM {table} y WHERE y.rid = w.rid AND y.pid = {pid} AND {nearer})",
        f"w.{column}",
    )


def without(first: Key) -> str:
    """That a resource has no value for the key."""
    assert first.walk is not None
    table, _, _, pid = first.walk
    return f"NOT EXISTS (SELECT 1 FROM {table} y WHERE y.rid = r.rid AND y.pid = {pid})"


def beyond(order: list[tuple[str, bool]], bound: list[str]) -> str:
    """Rows after the cursor, for columns that go up and down; ``bound`` are expressions."""
    cases = []
    for place, ((name, descending), value) in enumerate(zip(order, bound, strict=True)):
        equal = [f"k.{before} = {same}" for (before, _), same in zip(order[:place], bound, strict=False)]
        cases.append(" AND ".join([*equal, f"k.{name} {'<' if descending else '>'} {value}"]))
    return "(" + " OR ".join(cases) + ")"
