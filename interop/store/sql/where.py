"""The query tree as SQL.

Each part becomes a probe, a condition on one row of ``resource``; parts that an index answers also become a list of row
numbers, from which a query may start (``rows``). Values are always parameters; only numbers of the dictionary stand in the text,
so that questions of one shape are one text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from interop.errors import Problem
from interop.store.sql.compare import UPDATED
from interop.store.sql.dialect import Dialect
from interop.store.sql.indexed import INDEXED
from interop.store.sql.joining import CONTRARY, NEVER, NONE, common, every, some, united
from interop.store.sql.marks import Masked
from interop.store.sql.names import LABELS, Names
from interop.store.sql.start import DEEPEST, SURE, best, flatten, rank
from interop.store.sql.worded import Worded, parted
from interop.store.where import (
    About,
    All,
    Any,
    Chain,
    Composite,
    FullText,
    Has,
    Ids,
    Near,
    Not,
    Person,
    Present,
    Range,
    Reference,
    Sources,
    Span,
    Text,
    Token,
    Tokens,
    Types,
    Unguarded,
    Updated,
    Where,
)


class Compiler(Worded):
    """Compiles parts for one statement and gathers its parameters. ``guard`` is the Decision's predicate: a chain does not
    pass through a resource that the reader may not see."""

    def __init__(self, names: Names, dialect: Dialect, guard: Where | None = None, first: int = 0) -> None:
        super().__init__(names, dialect, guard, first)
        self.few = False
        self._depth = 0
        self._scanned = False

    def probe(self, where: Where, type_: str | None, row: str = "r") -> str:
        """A condition on the ``resource`` row of alias ``row``, which is of ``type_`` (None: of any type).

        Raises Problem('too-costly') where parts lie deeper than ``DEEPEST`` in each other."""
        with self._deeper():
            return self._probe(where, type_, row)

    def _probe(self, where: Where, type_: str | None, row: str) -> str:
        match where:
            case All(parts):
                type_ = narrowed(parts, type_)
                return every([self.probe(part, type_, row) for part in parts])
            case Any(parts):
                return some([self.probe(part, type_, row) for part in parts])
            case Not(part):
                inner = self.probe(part, type_, row)
                return CONTRARY.get(inner) or f"NOT ({inner})"
            case Ids(ids):
                return f"{row}.id IN ({self.bound(ids)})" if ids else NEVER
            case Types(types):
                column = f"{row}.type" if self._scanned else f"{row}.type || ''"  # else an index of types might be begun with
                return f"{column} IN ({self.bound(types)})" if types else NEVER
            case Updated():
                return f"({self._updated(where, row)})"
            case Token(parameter, kind="token") | Tokens(parameter) if parameter == LABELS:
                return self._labelled(where, type_, row)
            case Token() | Text() | Span() | Range() | Tokens():
                return self._indexed(where, type_, row)
            case Composite() | Near():
                source = self._table_of(where, type_)
                return f"EXISTS (SELECT 1 FROM {source} AND x.rid = {row}.rid)" if source else NEVER
            case Present(parameter):
                return self._present(parameter, type_, row)
            case FullText(parameter, groups):
                return self._worded(parameter, groups, type_, row)
            case Reference(parameter, targets):
                return self.refers(parameter, type_, row, self.listed(targets))
            case Person(parameter, patients):
                return self.refers(parameter, type_, row, self.group(patients))
            case Chain(parameter, target, inner):
                if parameter and rank(inner) > (SURE if self.few else 4) and not self._canonical(target):
                    return self._leads(where, type_, row)
                return self.refers(parameter, type_, row, self._chained(target, inner))
            case Has():
                return self._referred(where, type_, row)
            case About():
                return self.about(where, row)
            case Masked((mask,)):
                return self.masked(mask, row)
            case Sources(names):
                return self.masked(self.names.contributors.mask(names), row)
            case Unguarded(part):
                with self.unguarded():
                    return self.probe(part, type_, row)
        raise TypeError(where)

    def rows(self, where: Where, type_: str | None) -> str | None:
        """A query of row numbers (``rid``) of a type that an index answers, or None where it cannot."""
        with self._deeper():
            return self._rows(where, type_)

    def _rows(self, where: Where, type_: str | None) -> str | None:
        match where:
            case Ids(ids):
                if not ids or type_ is None:
                    return None if ids else NONE
                return f"SELECT s.rid FROM resource s WHERE s.type = :{self.bind(type_)} AND s.id IN ({self.bound(ids)})"
            case Updated():
                of = "" if type_ is None else f"s.type = :{self.bind(type_)} AND "
                return f"SELECT s.rid FROM resource s WHERE {of}{self._updated(where, 's')}"
            case Token() | Text() | Span() | Range() | Tokens() | Composite() | Near():
                source = self._table_of(where, type_)
                return f"SELECT x.rid FROM {source}" if source else NONE
            case Present(parameter) if type_ is not None:
                return self._all_present(parameter, type_)
            case FullText(parameter, groups) if groups and all(words and not absent for words, absent in map(parted, groups)):
                return " UNION ALL ".join(self._words(parameter, group, type_) for group in groups)
            case Reference(parameter, targets):
                return self.referring(parameter, type_, self.listed(targets))
            case Person(parameter, patients):
                return self.referring(parameter, type_, self.group(patients))
            case Chain(parameter, target, inner):
                return self.referring(parameter, type_, self._chained(target, inner))
            case Has() if type_ is not None:
                found = self._referred_ids(where, type_)
                if not found:
                    return NONE
                return f"SELECT s.rid FROM resource s WHERE s.type = :{self.bind(type_)} AND {self.dialect.among('s.id', found)}"
            case Any(parts) if parts:
                lists = [self.rows(part, type_) for part in parts]
                return united([rows for rows in lists if rows]) if all(lists) else None
            case Any(()):
                return NONE
            case All(parts):
                return self._both(parts, type_)
            case Unguarded(part):
                with self.unguarded():
                    return self.rows(part, type_)
        return None

    def _both(self, parts: tuple[Where, ...], type_: str | None) -> str | None:
        """The rows of the best part that meet the others too."""
        of, start = narrowed(parts, type_), best(list(parts))
        rows = self.rows(start, of) if start is not None else None
        rest = [part for part in parts if part is not start]
        if rows is None or not rest:
            return rows
        row = f"n{self.number()}"
        also = "".join(f" AND {self.probe(part, of, row)}" for part in rest)
        return f"SELECT {row}.rid FROM resource {row} WHERE {self.dialect.among(f'{row}.rid', rows)}{also}"

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST * 2:
            raise Problem("too-costly")
        yield
        self._depth -= 1

    def _updated(self, where: Updated, row: str) -> str:
        text, a, b = UPDATED[where.prefix], "", ""
        if "{a}" in text:
            a = self.bind(where.low)
        if "{b}" in text:
            b = self.bind(where.high)
        return text.format(at=f"{row}.updated", a=a, b=b)

    def source(
        self,
        where: Where | None,
        type_: str | None,
        *,
        start: Where | None = None,
        beside: Sequence[Where] = (),
        scan: bool = False,
    ) -> str:
        """``resource`` rows of a type (None: of any) that satisfy ``where``: FROM and WHERE. Begins with ``start``, else with the
        part that an index answers best; where there is none, and with ``scan``, goes through the type. ``beside``: parts that an
        index answers too, and that leave so few rows that they are listed with those of ``start``."""
        parts = flatten(where)
        of = narrowed(parts, type_)
        start = start or (None if scan else best(parts))
        rows = None if start is None else self.rows(start, of)
        # What is deleted has no index rows: the row itself, which is long, need not be read to tell.
        conditions = [] if any(isinstance(part, INDEXED) for part in parts) else ["r.deleted = 0"]
        if rows is not None:
            lists = {id(part): more for part in beside if (more := self.rows(part, of)) is not None}
            conditions.append(self.dialect.among("r.rid", common([rows, *lists.values()])))
            parts = [part for part in parts if part is not start and id(part) not in lists]
        elif of is not None:
            conditions.append(f"r.type = :{self.bind(of)}")
        self._scanned = rows is None
        with self.focused(start):
            conditions += [self.probe(part, of) for part in parts]
        return f"resource r WHERE {' AND '.join(conditions)}"


def narrowed(parts: tuple[Where, ...] | list[Where], type_: str | None) -> str | None:
    """The one type that the parts leave, where no type is known."""
    if type_ is None:
        for part in parts:
            if isinstance(part, Types) and len(part.types) == 1:
                return part.types[0]
    return type_
