"""Reads of resources: each carries its Decision's predicate."""

from __future__ import annotations

from typing import Any

from interop.store.decision import Decision
from interop.store.plan import Coded, Compartment, Group, History, Read, ReadVersion, Several
from interop.store.sql.dialect import Dialect
from interop.store.sql.names import Names
from interop.store.sql.past import was
from interop.store.sql.ruling import ruling
from interop.store.sql.shapes import Shapes
from interop.store.sql.statement import Statement, Steps, padded
from interop.store.sql.where import Compiler
from interop.store.values import Stored
from interop.store.where import Person, Where

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


READ = f"SELECT {columns('r')} FROM resource r WHERE r.type = :type AND r.id = :id AND r.version > 0"
LIVING = " AND r.deleted = 0"


class Guard:
    """The conditions of a Decision on rows of ``resource`` and ``version``; each begins with AND, '' where nothing is held back.
    ``shapes``: those that are kept are taken."""

    def __init__(self, decision: Decision, type_: str | None, names: Names, dialect: Dialect, shapes: Shapes | None = None) -> None:
        self.compiler = Compiler(names, dialect)
        self._type, self._whole = type_, decision.predicate
        self._ruled = None if shapes is None or self._whole is None else shapes.rule(self._whole)

    def living(self, row: str = "r") -> str:
        """On a present version that is no deletion."""
        kept = self._kept(row)
        if kept is not None:
            return f" AND {kept}" if kept else ""
        predicate = self._predicate()
        return "" if predicate is None else f" AND {self.compiler.probe(predicate, self._type, row)}"

    def past(self, row: str) -> str:
        """On an earlier version, or a deletion: nobody may see it who could not see what was deleted."""
        kept = self._kept(row, past=True)
        if kept is None:
            predicate = self._predicate()
            kept = "" if predicate is None else was(self.compiler, predicate, self._type, row)
        return f" AND {row}.known = 1 AND {kept}" if kept else ""

    def present(self) -> str:
        """On a present version, deletion or not."""
        living, past = self.living(), self.past("r")
        return f" AND ((r.deleted = 0{living}) OR (r.deleted = 1{past}))" if living or past else ""

    def _predicate(self) -> Where | None:
        return ruling(self._whole, self._type)

    def _kept(self, row: str, *, past: bool = False) -> str | None:
        if self._whole is None:
            return ""
        if self._ruled is None:
            return None
        kept = self._ruled.held(self._type, row, self.compiler.focus, past=past)
        if kept:
            self.compiler.names.contributors.missed += 1
            self.compiler.parameters.update(self._ruled.parameters)
        return kept


def read(plan: Read, names: Names, dialect: Dialect, shapes: Shapes) -> Steps[list[Stored]]:
    """The present version, a deleted one too."""
    predicate = plan.decision.predicate
    if predicate is None:
        rows = yield READ, {"type": plan.type, "id": plan.id}
        return [stored(row, names) for row in rows]
    for gone in (False, True):
        known = statement(plan, gone, names, dialect, shapes)
        if known is None:
            return (yield from _reading(plan, names, dialect))
        rows = yield known
        if rows:
            return [stored(row, names) for row in rows]
    return []


def statement(plan: Read, gone: bool, names: Names, dialect: Dialect, shapes: Shapes) -> Statement | None:
    """What reads what is there, or what is ``gone``, under a predicate, where it is of a kind that is kept."""
    return shapes.read(plan, gone, lambda marked: _reading(marked, names, dialect))


def _reading(plan: Read, names: Names, dialect: Dialect) -> Steps[list[Stored]]:
    guard = Guard(plan.decision, plan.type, names, dialect)
    rows = yield _read(plan, guard, LIVING + guard.living())
    if not rows:
        guard = Guard(plan.decision, plan.type, names, dialect)
        rows = yield _read(plan, guard, f" AND r.deleted = 1{guard.past('r')}")
    return [stored(row, names) for row in rows]


def _read(plan: Read, guard: Guard, condition: str) -> Statement:
    compiler = guard.compiler
    return compiler.prologue + READ + condition, {"type": plan.type, "id": plan.id, **compiler.parameters}


def read_version(plan: ReadVersion, names: Names, dialect: Dialect, shapes: Shapes) -> Steps[list[Stored]]:
    """One version: where it may be seen itself, and the present one too."""
    guard = Guard(plan.decision, plan.type, names, dialect, shapes)
    named = f"r.type = :type AND r.id = :id{guard.present()}"
    earlier = guard.past("v")
    rows = yield (
        f"{guard.compiler.prologue}SELECT {columns('r')} FROM resource r WHERE {named} AND r.version = :version AND r.version > 0 "
        f"UNION ALL SELECT {columns('v')} FROM resource r CROSS JOIN version v "
        f"WHERE {named} AND v.rid = r.rid AND v.version = :version{earlier}",
        {"type": plan.type, "id": plan.id, "version": plan.version, **guard.compiler.parameters},
    )
    return [stored(row, names) for row in rows]


def history(plan: History, names: Names, dialect: Dialect, shapes: Shapes) -> Steps[list[Stored]]:
    """Each version that may be seen itself, of what may be seen as it is now."""
    guard = Guard(plan.decision, plan.type, names, dialect, shapes)
    present, earlier = guard.present(), guard.past("v")
    compiler = guard.compiler
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
        halves.append(f"SELECT * FROM ({text}{earlier if row == 'v' else ''}{present} {order}) half")
    order = "ORDER BY updated DESC, type DESC, id DESC, version DESC LIMIT :count"
    rows = yield f"{compiler.prologue}{' UNION ALL '.join(halves)} {order}", {**parameters, **compiler.parameters}
    return [stored(row[:-1], names, told=row[-1]) for row in rows]


def several(plan: Several, names: Names, dialect: Dialect, shapes: Shapes) -> Steps[list[Stored]]:
    found: list[Stored] = []
    keys = list(dict.fromkeys(plan.keys))
    for start in range(0, len(keys), PORTION):
        some = padded(keys[start : start + PORTION], ("", ""))
        guard = Guard(plan.decision, None, names, dialect, shapes)
        compiler = guard.compiler
        wanted = compiler.table(
            "type, id", " UNION ALL ".join(f"SELECT {compiler.literal(t)}, {compiler.literal(i)}" for t, i in some)
        )
        condition = guard.living()
        rows = yield (
            f"{compiler.prologue}SELECT {columns('r')} FROM {wanted} k CROSS JOIN resource r "
            f"WHERE r.type = k.type AND r.id = k.id AND r.deleted = 0{condition}",
            compiler.parameters,
        )
        found += [stored(row, names) for row in rows]
    return found


def compartment(plan: Compartment, names: Names, dialect: Dialect, shapes: Shapes) -> Steps[list[Stored]]:
    guard = Guard(plan.decision, None, names, dialect, shapes)
    compiler = guard.compiler
    members = compiler.members(plan.patient, plan.types) if plan.patient else ""
    also = f" AND r.type IN ({compiler.bound(plan.types)})" if plan.types else ""
    if plan.since:
        also += f" AND r.updated >= :{compiler.bind(plan.since)}"
    return (yield from page(plan, guard, members, also))


def page(plan: Compartment | Coded, guard: Guard, members: str, also: str = "") -> Steps[list[Stored]]:
    """So many resources after the cursor, by type then id, of the numbers that a query gives ('': of all that are about anybody)
    and that may be seen. They are sought from the numbers: the index of types would give the order, and go through all of a
    type."""
    compiler = guard.compiler
    among, whose = "resource r", "r.subject <> ''"
    if members:
        among, whose = f"(SELECT DISTINCT rid FROM ({members}) about) m CROSS JOIN resource r", "r.rid = m.rid"
    text = f"SELECT r.rid AS rid, r.type AS type, r.id AS id FROM {among} WHERE r.deleted = 0 AND {whose}{also}"
    if plan.after is not None:
        text += f" AND (r.type, r.id) > (:{compiler.bind(plan.after[0])}, :{compiler.bind(plan.after[1])})"
    with compiler.focused(Person("", (plan.patient,)) if plan.patient else None):
        text += guard.living()
    rows = yield (
        f"{compiler.prologue}SELECT {columns('r')} FROM ({text} ORDER BY r.type, r.id LIMIT :count) k CROSS JOIN resource r "
        "WHERE r.rid = k.rid ORDER BY k.type, k.id",
        {**compiler.parameters, "count": plan.count},
    )
    return [stored(row, compiler.names) for row in rows]


def group(plan: Group, names: Names, dialect: Dialect, shapes: Shapes) -> Steps[list[str]]:
    """Those that may be seen; the one that was asked for alone, where it may not be seen or is not there."""
    rows = yield (
        "SELECT b.patient FROM link a CROSS JOIN link b WHERE b.person = a.person AND a.patient = :patient ORDER BY b.patient",
        {"patient": plan.patient},
    )
    members: list[str] = [patient for (patient,) in rows]
    if len(members) < 2 or plan.decision.predicate is None:
        return members or [plan.patient]
    found = yield from several(Several(plan.decision, tuple(("Patient", member) for member in members)), names, dialect, shapes)
    seen = {one.id for one in found}
    return [member for member in members if member in seen] if plan.patient in seen else [plan.patient]
