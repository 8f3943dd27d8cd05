"""What of a person has one of some codes or is called so: sought from the person or from the code, whichever is less work.

What few in the whole store have is listed; a code or a text that many have is looked up for each of the person's resources.
"""

from __future__ import annotations

from typing import Final

from interop.store.plan import Coded
from interop.store.sql.dialect import Dialect
from interop.store.sql.estimates import Estimates
from interop.store.sql.index import LONGEST
from interop.store.sql.joining import united
from interop.store.sql.names import Names
from interop.store.sql.resources import Guard, page
from interop.store.sql.searching import counts
from interop.store.sql.shapes import Shapes
from interop.store.sql.statement import Steps
from interop.store.sql.where import Compiler
from interop.store.values import Stored
from interop.store.where import Text, Token, Tokens

MANY: Final = 1_000
"""From so many rows on of one code or text it is looked up for each of the person's resources."""
DISTINCT: Final = 400
"""Codes and texts that are found and counted one by one while there are no more; else all that are asked for are listed."""

Found = set[tuple[str, str, str]]
"""Of each type its codes (``token``) and texts (``text``)."""


def coded(plan: Coded, names: Names, dialect: Dialect, shapes: Shapes, kept: Estimates) -> Steps[list[Stored]]:
    """One page."""
    present = yield from _present(plan, Compiler(names, dialect))
    guard = Guard(plan.decision, None, names, dialect, shapes)
    compiler, found = guard.compiler, []
    for type_, parameter in plan.by:
        if len(present) > DISTINCT:
            conditions = _all(plan, compiler, type_, parameter)
        else:
            asked: list[Token | Text] = [
                Token(parameter, code, system) for system, code in plan.pairs if (type_, "token", code[:LONGEST]) in present
            ]
            asked += [
                Text(parameter, text, "equals", "text") for of, kind, text in sorted(present) if (of, kind) == (type_, "text")
            ]
            numbers = yield from counts(lambda: Compiler(names, dialect), kept, list(asked), type_, MANY)
            few = [one for one, number in zip(asked, numbers, strict=True) if number < MANY]
            many = [one for one, number in zip(asked, numbers, strict=True) if number >= MANY]
            conditions = [f"m.rid IN (SELECT x.rid FROM {source})" for source in _sources(few, compiler, type_, parameter)]
            conditions += [
                f"EXISTS (SELECT 1 FROM {source} AND x.rid = m.rid)"
                for source in _sources(many, compiler, type_, parameter, looked_up=True)
            ]
        if conditions:
            found.append(f"SELECT m.rid FROM ({compiler.members(plan.patient, (type_,))}) m WHERE {' OR '.join(conditions)}")
    return (yield from page(plan, guard, united(found))) if found else []


def _sources(asked: list[Token | Text], compiler: Compiler, type_: str, parameter: str, *, looked_up: bool = False) -> list[str]:
    """Table and condition, alias ``x``, of codes and of texts. ``looked_up``: by the number of a resource."""
    pairs = tuple((one.system or "", one.code or "") for one in asked if isinstance(one, Token))
    texts = tuple(one.value for one in asked if isinstance(one, Text))
    found = []
    if pairs:
        codes = compiler.codes(Tokens(parameter, pairs), "x", "code || ''" if looked_up else "code")
        found.append(f"index_token x WHERE {compiler.pids(type_, parameter, 'token')} AND {codes}")
    if texts:
        found.append(f"index_text x WHERE {compiler.pids(type_, parameter, 'text')} AND x.value IN ({compiler.bound(texts)})")
    return found


def _all(plan: Coded, compiler: Compiler, type_: str, parameter: str) -> list[str]:
    """Conditions that list all that is asked for."""
    found = []
    if plan.pairs and (pids := compiler.pids(type_, parameter, "token")):
        codes = compiler.codes(Tokens(parameter, plan.pairs), "x", "code || ''")
        found.append(f"EXISTS (SELECT 1 FROM index_token x WHERE {pids} AND {codes} AND x.rid = m.rid)")
    if (values := _values(plan, compiler)) and (pids := compiler.pids(type_, parameter, "text")):
        found.append(f"m.rid IN (SELECT x.rid FROM index_text x WHERE {pids} AND {compiler.dialect.among('x.value', values)})")
    return found


def _values(plan: Coded, compiler: Compiler) -> str:
    """A query of all texts that are asked for; '' where none are."""
    parts = []
    if plan.called:
        whole = compiler.bound(tuple(each[:LONGEST] for each in plan.called))
        parts.append(f"SELECT n.value FROM index_value n WHERE n.value IN ({whole})")
    for part in plan.holding:
        query, wanted = compiler.dialect.containing(part[:LONGEST])
        parts.append(query.format(p=":" + compiler.bind(wanted)))
    return " UNION ".join(parts)


def _present(plan: Coded, compiler: Compiler) -> Steps[Found]:
    """What is asked for that anything of the types has, whoever it is about; more than ``DISTINCT`` are not all."""
    tables = []
    if values := _values(plan, compiler):
        tables.append(("text", "index_text", "value", compiler.table("value", values)))
    if plan.pairs:
        codes = dict.fromkeys(code[:LONGEST] for _, code in plan.pairs)
        tables.append(
            ("token", "index_token", "code", compiler.table("code", united([f"SELECT {compiler.literal(each)}" for each in codes])))
        )
    parts = [
        f"SELECT {compiler.literal(type_)} AS type, '{kind}' AS kind, q.{column} FROM {asked} q WHERE "
        f"EXISTS (SELECT 1 FROM {table} x WHERE {pids} AND x.{column} = q.{column})"
        for kind, table, column, asked in tables
        for type_, parameter in plan.by
        if (pids := compiler.pids(type_, parameter, kind))
    ]
    if not parts:
        return set()
    rows = yield f"{compiler.prologue}{united(parts)} LIMIT :most", {**compiler.parameters, "most": DISTINCT + 1}
    return {(type_, kind, value) for type_, kind, value in rows}
