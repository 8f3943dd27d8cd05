"""The query tree asked of what is no longer indexed: earlier versions and deletions.

Of these is kept whose they are (``interop.store.sql.whose``). What a predicate asks beyond that cannot be told: it holds of none,
and its contrary holds of none either.
"""

from __future__ import annotations

from interop.store.sql.index import ELSE, NAMED, PLAIN, SOLE
from interop.store.sql.joining import ALWAYS, CONTRARY, NEVER, every, some
from interop.store.sql.names import LABELS
from interop.store.sql.where import Compiler
from interop.store.where import About, All, Any, Ids, Not, Person, Present, Sources, Token, Tokens, Types, Unguarded, Updated, Where


def was(compiler: Compiler, where: Where, type_: str | None, row: str, *, sure: bool = True) -> str:
    """That a version meets ``where`` for sure; with ``sure`` False that it may. ``row``: of ``version``, or of ``resource`` where
    it is deleted."""
    match where:
        case All(parts):
            return every([was(compiler, part, type_, row, sure=sure) for part in parts])
        case Any(parts):
            return some([was(compiler, part, type_, row, sure=sure) for part in parts])
        case Not(part):
            inner = was(compiler, part, type_, row, sure=not sure)
            return CONTRARY.get(inner) or f"NOT ({inner})"
        case Unguarded(part):
            return was(compiler, part, type_, row, sure=sure)
        case Ids() | Types() | Updated() | Sources():
            return compiler.probe(where, type_, row)
        case About():
            return compiler.about_version(where, row)
        case Person(parameter, patients) if not parameter or parameter in NAMED:
            return _of(compiler, parameter, patients, row, sure=sure)
        case Present(parameter) if parameter in NAMED:
            return f"({row}.named & {NAMED[parameter] if sure else NAMED[parameter] | ELSE}) <> 0"
        case Token(parameter, kind="token") | Tokens(parameter) if parameter == LABELS:
            return _labelled(compiler, where, type_, row)
    return NEVER if sure else ALWAYS


def _of(compiler: Compiler, parameter: str, patients: tuple[str, ...], row: str, *, sure: bool) -> str:
    people = compiler.group(patients).patients
    if not people:
        return NEVER
    own = " AND ".join([f"{row}.subject IN ({people})", *(compiler.named(parameter, row) if parameter else [])])
    if sure:
        return f"({own})"
    beside = f"o.rid = {row}.rid AND o.version = {row}.version AND o.pid = 0 AND o.code IN ({people})"
    return f"({own} OR (({row}.named & {SOLE}) = 0 AND EXISTS (SELECT 1 FROM index_version o WHERE {beside})))"


def _labelled(compiler: Compiler, where: Token | Tokens, type_: str | None, row: str) -> str:
    label = compiler.code(where, "x") if isinstance(where, Token) else compiler.codes(where, "x")
    if label == NEVER:
        return NEVER
    held = f"x.rid = {row}.rid AND x.version = {row}.version AND x.pid = {compiler.label_pid(type_, row)} AND {label}"
    return f"(({row}.named & {PLAIN}) = 0 AND EXISTS (SELECT 1 FROM index_version x WHERE {held}))"
