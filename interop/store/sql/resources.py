"""Reads of resources: each carries its Decision's predicate."""

from __future__ import annotations

from typing import Any

from interop.store.decision import Decision
from interop.store.plan import Compartment, Count, History, Read, ReadVersion, Search
from interop.store.sql.names import Names
from interop.store.sql.statement import Steps
from interop.store.sql.where import Compiler, best, flatten, rank
from interop.store.values import Stored
from interop.store.where import All, Person, Where

COLUMNS = ("type", "id", "version", "updated", "body", "deleted", "owner", "message", "tables")
DENSE = 2_000
"""From so many rows on, a sorted page is sought through the type and not from the index."""


def columns(row: str) -> str:
    """The columns of Stored from a table of that alias."""
    return ", ".join(f"{row}.{column}" for column in COLUMNS)


def stored(row: tuple[Any, ...], sort: tuple[Any, ...] = ()) -> Stored:
    """A row of ``columns`` as a value."""
    type_, id_, version, updated, body, deleted, owner, message, tables = row
    return Stored(type_, id_, version, updated, bytes(body), deleted != 0, owner, message, tables, sort)


def _guard(compiler: Compiler, decision: Decision, type_: str | None, row: str = "r") -> str:
    return "" if decision.predicate is None else f" AND {compiler.probe(decision.predicate, type_, row)}"


READ = f"SELECT {columns('r')} FROM resource r WHERE r.type = :type AND r.id = :id AND r.version > 0"


def read(plan: Read, names: Names) -> Steps[list[Stored]]:
    """The present version, a deleted one too."""
    if plan.decision.predicate is None:
        rows = yield READ, {"type": plan.type, "id": plan.id}
    else:
        compiler = Compiler(names, plan.decision.predicate)
        guard = _guard(compiler, plan.decision, plan.type)
        rows = yield compiler.prologue + READ + guard, {"type": plan.type, "id": plan.id, **compiler.parameters}
    return [stored(row) for row in rows]


def read_version(plan: ReadVersion, names: Names) -> Steps[list[Stored]]:
    compiler = Compiler(names, plan.decision.predicate)
    guard = _guard(compiler, plan.decision, plan.type)
    named = f"r.type = :type AND r.id = :id{guard}"
    rows = yield (
        f"{compiler.prologue}SELECT {columns('r')} FROM resource r WHERE {named} AND r.version = :version AND r.version > 0 "
        f"UNION ALL SELECT {columns('v')} FROM resource r CROSS JOIN version v "
        f"WHERE {named} AND v.rid = r.rid AND v.version = :version",
        {"type": plan.type, "id": plan.id, "version": plan.version, **compiler.parameters},
    )
    return [stored(row) for row in rows]


def history(plan: History, names: Names) -> Steps[list[Stored]]:
    compiler = Compiler(names, plan.decision.predicate)
    guard = _guard(compiler, plan.decision, plan.type)
    parameters: dict[str, Any] = {"count": plan.count}
    halves = []
    for row, source in (("r", "resource r WHERE r.version > 0"), ("v", "version v CROSS JOIN resource r WHERE r.rid = v.rid")):
        if plan.id is not None and row == "v":
            source = "resource r CROSS JOIN version v WHERE v.rid = r.rid"
        text = f"SELECT {columns(row)} FROM {source}"
        if plan.type is not None:
            named = "r" if plan.id is not None else row
            text += f" AND {named}.type = :type"
            parameters["type"] = plan.type
        if plan.id is not None:
            text += " AND r.id = :id"
            parameters["id"] = plan.id
        if plan.since:
            text += f" AND {row}.updated >= :since"
            parameters["since"] = plan.since
        if plan.before is not None:
            text += f" AND ({row}.updated, {row}.type, {row}.id, {row}.version) < (:b_updated, :b_type, :b_id, :b_version)"
            parameters.update(zip(("b_updated", "b_type", "b_id", "b_version"), plan.before, strict=True))
        order = f"ORDER BY {row}.updated DESC, {row}.type DESC, {row}.id DESC, {row}.version DESC LIMIT :count"
        halves.append(f"SELECT * FROM ({text}{guard} {order}) {row}")
    order = "ORDER BY updated DESC, type DESC, id DESC, version DESC LIMIT :count"
    rows = yield f"{compiler.prologue}{' UNION ALL '.join(halves)} {order}", {**parameters, **compiler.parameters}
    return [stored(row) for row in rows]


def _everything(decision: Decision, where: Where | None) -> Where | None:
    parts = (*flatten(where), *flatten(decision.predicate))
    return All(parts) if parts else None


def search(plan: Search, names: Names) -> Steps[list[Stored]]:
    where = _everything(plan.decision, plan.where)
    start, dense = best(flatten(where)), False
    compiler = Compiler(names, plan.decision.predicate)
    if start is not None and rank(start) >= 3 and (indexed := compiler.rows(start, plan.type)):
        found = yield (
            f"{compiler.prologue}SELECT count(*) FROM (SELECT 1 FROM ({indexed}) n LIMIT {DENSE}) d",
            compiler.parameters,
        )
        dense = found[0][0] == DENSE
        compiler = Compiler(names, plan.decision.predicate)
    source = compiler.source(where, plan.type, scan=dense)
    keys = [_sort(compiler, parameter, descending, plan.type) for parameter, descending in plan.sort]
    selected = "".join(f", {expression} AS s{place}" for place, (expression, _) in enumerate(keys))
    order = [(f"s{place}", descending) for place, (_, descending) in enumerate(keys)]
    if not plan.sort or plan.sort[-1][0] != "_id":
        order.append(("id", False))
    after = ""
    if plan.after is not None:
        bound = [compiler.bind(value) for value in plan.after[: len(order)]]
        after = f" WHERE {_beyond(order, bound)}"
    listed = ", ".join(f"k.{name}{' DESC' if descending else ''}" for name, descending in order)
    rows = yield (
        f"{compiler.prologue}SELECT {columns('r')}{''.join(f', k.s{place}' for place in range(len(keys)))} FROM (SELECT * FROM "
        f"(SELECT r.rid AS rid, r.id AS id{selected} FROM {source}) k{after} ORDER BY {listed} LIMIT :count) k "
        f"CROSS JOIN resource r WHERE r.rid = k.rid ORDER BY {listed}",
        {**compiler.parameters, "count": plan.count + 1},
    )
    width = len(COLUMNS)
    return [stored(row[:width], row[width:]) for row in rows]


def _sort(compiler: Compiler, parameter: str, descending: bool, type_: str) -> tuple[str, bool]:
    """The expression to sort by. What has no value comes last going up and going down."""
    if parameter in {"_id", "_lastUpdated"}:
        return ("r.id" if parameter == "_id" else "r.updated"), descending
    best_of = "max" if descending else "min"
    dates = compiler.names.pids(type_, parameter, "date")
    if dates:
        column = "x.high" if descending else "x.low"
        value = f"SELECT {best_of}({column}) FROM index_date x WHERE x.rid = r.rid AND x.pid = {dates[0]}"
        return f"coalesce(({value}), {-(2**63) + 1 if descending else 2**63 - 1})", descending
    strings = compiler.names.pids(type_, parameter, "string")
    missing = ":" + compiler.bind("" if descending else "\U0010ffff")
    if strings:
        value = f"SELECT {best_of}(x.value) FROM index_string x WHERE x.rid = r.rid AND x.pid = {strings[0]}"
        return f"coalesce(({value}), {missing})", descending
    return missing, descending


def _beyond(order: list[tuple[str, bool]], bound: list[str]) -> str:
    """Rows after the cursor, for keys that go up and down."""
    cases = []
    for place, ((name, descending), value) in enumerate(zip(order, bound, strict=True)):
        equal = [f"k.{before} = :{same}" for (before, _), same in zip(order[:place], bound, strict=False)]
        cases.append(" AND ".join([*equal, f"k.{name} {'<' if descending else '>'} :{value}"]))
    return "(" + " OR ".join(cases) + ")"


def count(plan: Count, names: Names) -> Steps[list[int]]:
    compiler = Compiler(names, plan.decision.predicate)
    source = compiler.source(_everything(plan.decision, plan.where), plan.type)
    rows = yield f"{compiler.prologue}SELECT count(*) FROM {source}", compiler.parameters
    return [rows[0][0]]


def compartment(plan: Compartment, names: Names) -> Steps[list[Stored]]:
    compiler = Compiler(names, plan.decision.predicate)
    members = compiler.rows(Person("", (plan.patient,)), None)
    text = f"SELECT r.rid AS rid, r.type AS type, r.id AS id FROM resource r WHERE r.deleted = 0 AND r.rid IN ({members})"
    if plan.types:
        text += f" AND r.type IN ({compiler.bound(plan.types)})"
    if plan.since:
        text += f" AND r.updated >= :{compiler.bind(plan.since)}"
    if plan.after is not None:
        text += f" AND (r.type, r.id) > (:{compiler.bind(plan.after[0])}, :{compiler.bind(plan.after[1])})"
    text += _guard(compiler, plan.decision, None)
    rows = yield (
        f"{compiler.prologue}SELECT {columns('r')} FROM ({text} ORDER BY r.type, r.id LIMIT :count) k CROSS JOIN resource r "
        "WHERE r.rid = k.rid ORDER BY k.type, k.id",
        {**compiler.parameters, "count": plan.count},
    )
    return [stored(row) for row in rows]
