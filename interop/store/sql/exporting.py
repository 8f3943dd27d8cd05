"""Exports: everything of some types in large blocks, out of one state of the database.

A type is gone through by id, a block a statement, all in one transaction that only reads: what is written meanwhile is not seen.
What has changed between the time of the export and the beginning of its transaction is given as it was, so that an export since
the time of the one before it leaves no gap.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

from interop.store.plan import Export, Hiding
from interop.store.sql.dialect import Dialect
from interop.store.sql.links import both
from interop.store.sql.names import Names
from interop.store.sql.past import was
from interop.store.sql.resources import Guard
from interop.store.sql.shapes import Shapes
from interop.store.sql.statement import Rows, Statement, Steps, padded
from interop.store.sql.where import Compiler
from interop.store.values import Block
from interop.store.where import Person, Where

WEIGHT = 400_000
"""Bytes of bodies that a block is to hold."""
FIRST, MOST = 16, 512
"""Resources of the first block of a type, and of any."""
PEOPLE = 64
"""Patients whose records are gone through together."""
NAMES = b"Patient/"
"""Part of what names a Patient in a body."""


class Walk(NamedTuple):
    """A statement that gives (id, subject, body) of the resources of a type after ``:after``, at most ``:count``, by id."""

    type: str
    prologue: str
    rows: str
    parameters: dict[str, Any]


class Snapshot(Protocol):
    """One state of the database. ``block``: the next resources of a walk; ``rows``: those of a statement."""

    async def block(self, walk: Walk, after: str, count: int) -> Block: ...

    async def rows(self, statement: Statement) -> Rows: ...


async def blocks(
    plan: Export, opened: AbstractAsyncContextManager[Snapshot], names: Names, dialect: Dialect, shapes: Shapes
) -> AsyncGenerator[Block, None]:
    """The Blocks of an export."""
    async with opened as snapshot:
        given: set[tuple[str, str]] = set()
        there = await _there(snapshot, [type_ for type_, _ in plan.types], dialect)
        for people in _people(plan):
            for type_, where in (each for each in plan.types if each[0] in there):
                walk = _present(plan, type_, where, people, names, dialect, shapes)
                async for block in _walked(snapshot, walk):
                    if people is not None:
                        block = _once(block, given)
                    if block.ids:
                        yield block
            for late in (True, False) if plan.since else (True,):
                async for block in _past(plan, snapshot, people, names, dialect, shapes, late=late):
                    if people is not None:
                        block = _once(block, given)
                    if block.ids:
                        yield block


async def _there(snapshot: Snapshot, types: list[str], dialect: Dialect) -> set[str]:
    """Those of the types of which there ever was anything: most of R4's are never used."""
    if not types:
        return set()
    wanted = padded(types, "")
    exists = "EXISTS (SELECT 1 FROM resource r WHERE r.type = w.type)"
    found = await snapshot.rows((f"{dialect.wanted(('type',), len(wanted))} SELECT w.type FROM wanted w WHERE {exists}", wanted))
    return {type_ for (type_,) in found}


def _people(plan: Export) -> Iterator[tuple[str, ...] | None]:
    """Portions of the Patients whose records are wanted; None = of anyone."""
    if plan.patients is None:
        yield None
        return
    for start in range(0, len(plan.patients), PEOPLE):
        yield plan.patients[start : start + PEOPLE]


async def _walked(snapshot: Snapshot, walk: Walk) -> AsyncIterator[Block]:
    after, count = "", FIRST
    while True:
        block = await snapshot.block(walk, after, count)
        if block.ids:
            yield block
        if len(block.ids) < count:
            return
        after = block.ids[-1]
        count = max(1, min(MOST, count * 4, WEIGHT * count // (len(block.lines) + 1)))


def _once(block: Block, given: set[tuple[str, str]]) -> Block:
    """The block without what was given of another person before: only what names several Patients is of several."""
    again = set()
    for place, id_ in enumerate(block.ids):
        if block.several[place] or not block.subjects[place]:
            key = block.type, id_
            if key in given:
                again.add(place)
            given.add(key)
    if not again:
        return block
    left = [place for place in range(len(block.ids)) if place not in again]
    lines = block.lines.split(b"\n")
    return Block(
        block.type,
        [block.ids[place] for place in left],
        [block.subjects[place] for place in left],
        [block.several[place] for place in left],
        b"\n".join([lines[place] for place in left]) if block.lines else b"",
        block.deleted,
    )


def _present(
    plan: Export,
    type_: str,
    where: Where | None,
    people: tuple[str, ...] | None,
    names: Names,
    dialect: Dialect,
    shapes: Shapes,
) -> Walk:
    """What there is of a type, unchanged since the time of the export."""
    guard = Guard(plan.decision, type_, names, dialect, shapes)
    compiler = guard.compiler = Compiler(names, dialect, plan.decision.predicate)
    start = None if people is None else Person("", people)
    source = compiler.source(both(where, start), type_, start=start, scan=start is None)
    text = f"SELECT r.id AS id, r.subject AS subject, r.body AS body FROM {source}"
    text += f" AND r.updated <= :{compiler.bind(plan.until)}"
    if plan.since:
        text += f" AND r.updated > :{compiler.bind(plan.since)}"
    if plan.personal:
        text += " AND r.subject <> ''"
    with compiler.focused(start):
        text += guard.living()
    return Walk(type_, compiler.prologue, f"{text} AND r.id > :after ORDER BY r.id LIMIT :count", compiler.parameters)


async def _past(
    plan: Export,
    snapshot: Snapshot,
    people: tuple[str, ...] | None,
    names: Names,
    dialect: Dialect,
    shapes: Shapes,
    *,
    late: bool,
) -> AsyncIterator[Block]:
    """With ``late`` what was there at the time of the export and has been changed since; of what is narrowed it cannot be told, and
    the next export has it. Else what was taken away by then."""
    guard = Guard(plan.decision, None, names, dialect, shapes)
    compiler, row = guard.compiler, "v" if late else "r"
    until = compiler.bind(plan.until)
    if late:
        wanted = tuple([type_ for type_, where in plan.types if where is None])
        text = (
            f"SELECT v.type AS type, v.id AS id, v.subject AS subject, v.body AS body FROM resource r CROSS JOIN version v "
            f"WHERE r.updated > :{until} AND v.rid = r.rid AND v.updated <= :{until} AND v.deleted = 0 AND v.version = "
            f"(SELECT max(n.version) FROM version n WHERE n.rid = r.rid AND n.updated <= :{until})"
        )
    else:
        wanted = tuple([type_ for type_, _ in plan.types])
        text = (
            "SELECT r.type AS type, r.id AS id, r.subject AS subject, r.body AS body FROM resource r "
            f"WHERE r.updated <= :{until} AND r.deleted = 1 AND r.version > 0"
        )
    if not wanted:
        return
    text += f" AND {row}.type || '' IN ({compiler.bound(wanted)})"
    if plan.since:
        text += f" AND {row}.updated > :{compiler.bind(plan.since)}"
    if plan.personal:
        text += f" AND {row}.subject <> ''"
    if people is not None:
        text += f" AND {was(compiler, Person('', people), None, row)}"
    text += guard.past(row)
    after = ("", "")
    while True:
        kept = {"t": after[0], "i": after[1], "count": MOST}
        sought = f"{text} AND ({row}.type, {row}.id) > (:t, :i) ORDER BY {row}.type, {row}.id LIMIT :count"
        rows = await snapshot.rows((f"{compiler.prologue}{sought}", {**compiler.parameters, **kept}))
        for type_ in dict.fromkeys(row[0] for row in rows):
            yield made(type_, [row[1:] for row in rows if row[0] == type_], deleted=not late)
        if len(rows) < MOST:
            return
        after = rows[-1][0], rows[-1][1]


def made(type_: str, rows: Rows, *, deleted: bool = False) -> Block:
    """A Block of rows (id, subject, body)."""
    ids, subjects, bodies = [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
    several = [False] * len(ids) if deleted else naming(type_, subjects, bodies)
    return Block(type_, ids, subjects, several, b"" if deleted else b"\n".join(bodies), deleted)


def naming(type_: str, subjects: list[str], bodies: list[bytes]) -> list[bool]:
    """Which bodies may name Patients beside their subject."""
    if type_ == "Patient":
        return [NAMES in body for body in bodies]
    return [body.count(NAMES) > (1 if subject else 0) for subject, body in zip(subjects, bodies, strict=True)]


def hiding(plan: Hiding, names: Names) -> Steps[list[str]]:
    pids = ", ".join(str(pid) for (_, name, kind), pid in names.parameters.items() if (name, kind) == (plan.parameter, "access"))
    said = f"SELECT x.subject AS patient FROM index_access x WHERE x.pid IN ({pids}) UNION " if pids else ""
    gone = "SELECT r.id AS patient FROM resource r WHERE r.type = 'Patient' AND r.deleted = 1 AND r.version > 0"
    rows = yield (
        f"WITH named AS ({said}{gone}) SELECT n.patient FROM named n UNION SELECT b.patient FROM named n CROSS JOIN link a "
        "CROSS JOIN link b WHERE a.patient = n.patient AND b.person = a.person",
        (),
    )
    return [patient for (patient,) in rows]
