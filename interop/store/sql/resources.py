"""Reads of resources: each carries its Decision's predicate."""

from __future__ import annotations

from typing import Any

from interop.store.decision import Decision
from interop.store.plan import Compartment, History, Read, ReadVersion, Several
from interop.store.sql.dialect import Dialect
from interop.store.sql.names import Names
from interop.store.sql.statement import Steps, padded
from interop.store.sql.where import Compiler
from interop.store.values import Stored
from interop.store.where import Person

COLUMNS = ("type", "id", "version", "updated", "body", "deleted", "owner", "message", "tables", "source", "subject")
PORTION = 256


def columns(row: str) -> str:
    """The columns of Stored from a table of that alias."""
    return ", ".join(f"{row}.{column}" for column in COLUMNS)


def stored(row: tuple[Any, ...], names: Names, sort: tuple[Any, ...] = (), told: str = "") -> Stored:
    """A row of ``columns`` as a value."""
    type_, id_, version, updated, body, deleted, owner, message, tables, source, subject = row
    source = names.contributors.text(source) if source else ""
    return Stored(type_, id_, version, updated, bytes(body), deleted != 0, owner, message, tables, sort, told, source, subject)


def _guard(compiler: Compiler, decision: Decision, type_: str | None, row: str = "r") -> str:
    return "" if decision.predicate is None else f" AND {compiler.probe(decision.predicate, type_, row)}"


READ = f"SELECT {columns('r')} FROM resource r WHERE r.type = :type AND r.id = :id AND r.version > 0"


def read(plan: Read, names: Names, dialect: Dialect) -> Steps[list[Stored]]:
    """The present version, a deleted one too."""
    if plan.decision.predicate is None:
        rows = yield READ, {"type": plan.type, "id": plan.id}
    else:
        compiler = Compiler(names, dialect, plan.decision.predicate)
        guard = _guard(compiler, plan.decision, plan.type)
        rows = yield compiler.prologue + READ + guard, {"type": plan.type, "id": plan.id, **compiler.parameters}
    return [stored(row, names) for row in rows]


def read_version(plan: ReadVersion, names: Names, dialect: Dialect) -> Steps[list[Stored]]:
    compiler = Compiler(names, dialect, plan.decision.predicate)
    guard = _guard(compiler, plan.decision, plan.type)
    named = f"r.type = :type AND r.id = :id{guard}"
    rows = yield (
        f"{compiler.prologue}SELECT {columns('r')} FROM resource r WHERE {named} AND r.version = :version AND r.version > 0 "
        f"UNION ALL SELECT {columns('v')} FROM resource r CROSS JOIN version v "
        f"WHERE {named} AND v.rid = r.rid AND v.version = :version",
        {"type": plan.type, "id": plan.id, "version": plan.version, **compiler.parameters},
    )
    return [stored(row, names) for row in rows]


def history(plan: History, names: Names, dialect: Dialect) -> Steps[list[Stored]]:
    compiler = Compiler(names, dialect, plan.decision.predicate)
    guard = _guard(compiler, plan.decision, plan.type)
    parameters: dict[str, Any] = {"count": plan.count}
    halves = []
    for row, source in (("r", "resource r WHERE r.version > 0"), ("v", "version v CROSS JOIN resource r WHERE r.rid = v.rid")):
        if plan.id is not None and row == "v":
            source = "resource r CROSS JOIN version v WHERE v.rid = r.rid"
        text = f"SELECT {columns(row)}, {row}.told FROM {source}"
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
        if plan.at is not None:
            text += f" AND {row}.updated < :at_high"
            parameters["at_high"] = plan.at[1]
            if row == "v":
                after = "SELECT n.updated FROM version n WHERE n.rid = v.rid AND n.version = v.version + 1"
                text += f" AND coalesce(({after}), r.updated) > :at_low"
                parameters["at_low"] = plan.at[0]
        if plan.before is not None:
            text += f" AND ({row}.updated, {row}.type, {row}.id, {row}.version) < (:b_updated, :b_type, :b_id, :b_version)"
            parameters.update(zip(("b_updated", "b_type", "b_id", "b_version"), plan.before, strict=True))
        order = f"ORDER BY {row}.updated DESC, {row}.type DESC, {row}.id DESC, {row}.version DESC LIMIT :count"
        halves.append(f"SELECT * FROM ({text}{guard} {order}) half")
    order = "ORDER BY updated DESC, type DESC, id DESC, version DESC LIMIT :count"
    rows = yield f"{compiler.prologue}{' UNION ALL '.join(halves)} {order}", {**parameters, **compiler.parameters}
    return [stored(row[:-1], names, told=row[-1]) for row in rows]


def several(plan: Several, names: Names, dialect: Dialect) -> Steps[list[Stored]]:
    found: list[Stored] = []
    keys = list(dict.fromkeys(plan.keys))
    for start in range(0, len(keys), PORTION):
        some = padded(keys[start : start + PORTION], ("", ""))
        compiler = Compiler(names, dialect, plan.decision.predicate)
        wanted = compiler.table(
            "type, id", " UNION ALL ".join(f"SELECT {compiler.literal(t)}, {compiler.literal(i)}" for t, i in some)
        )
        guard = _guard(compiler, plan.decision, None)
        rows = yield (
            f"{compiler.prologue}SELECT {columns('r')} FROM {wanted} k CROSS JOIN resource r "
            f"WHERE r.type = k.type AND r.id = k.id AND r.deleted = 0{guard}",
            compiler.parameters,
        )
        found += [stored(row, names) for row in rows]
    return found


def compartment(plan: Compartment, names: Names, dialect: Dialect) -> Steps[list[Stored]]:
    compiler = Compiler(names, dialect, plan.decision.predicate)
    among = "r.subject <> ''"
    if plan.patient:
        members = compiler.rows(Person("", (plan.patient,)), None)
        assert members is not None
        among = dialect.among("r.rid", members)
    text = f"SELECT r.rid AS rid, r.type AS type, r.id AS id FROM resource r WHERE r.deleted = 0 AND {among}"
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
    return [stored(row, names) for row in rows]
