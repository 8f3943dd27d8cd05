"""The query tree as SQL.

Each part becomes a probe, a condition on one row of ``resource``; parts that an index answers also become a list of row
numbers, from which a query may start (``rows``). Values are always parameters; only numbers of the dictionary stand in the text,
so that questions of one shape are one text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from interop.errors import Problem
from interop.store.sql.dialect import Dialect
from interop.store.sql.index import BY_RESOURCE, KINDS, PLAIN, TABLES
from interop.store.sql.joining import either, united
from interop.store.sql.leaves import NEVER, TRIGRAM
from interop.store.sql.marks import Masked
from interop.store.sql.names import LABELS, Names
from interop.store.sql.people import People
from interop.store.sql.start import DEEPEST, SURE, best, flatten, rank
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

NONE = "SELECT 0 AS rid WHERE 0 = 1"
ALWAYS = "1 = 1"
CONTRARY = {ALWAYS: NEVER, NEVER: ALWAYS}
INDEXED = Token | Tokens | Text | Span | Range | Composite | Near
"""Parts that hold of a resource only by rows of the index tables."""
FEW = 8
"""Up to so many codes each is looked up by itself."""

UPDATED = {
    "eq": "{at} >= :{a} AND {at} < :{b}",
    "ne": "({at} < :{a} OR {at} >= :{b})",
    "gt": "{at} >= :{b}",
    "lt": "{at} < :{a}",
    "ge": "{at} >= :{a}",
    "le": "{at} < :{b}",
    "sa": "{at} >= :{b}",
    "eb": "{at} < :{a}",
    "ap": "{at} >= :{a} AND {at} < :{b}",
}
"""FHIR R4 search, 3.1.1.4.7, of an instant."""


class Compiler(People):
    """Compiles parts for one statement and gathers its parameters. ``guard`` is the Decision's predicate: a chain does not
    pass through a resource that the reader may not see."""

    def __init__(self, names: Names, dialect: Dialect, guard: Where | None = None, first: int = 0) -> None:
        super().__init__(names, dialect, guard, first)
        self.few = False
        """Whether few resources are looked at: then each is better asked by itself than all listed that have some words or that
        a chain leads to."""
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

    def _indexed(self, where: Token | Text | Span | Range | Tokens, type_: str | None, row: str) -> str:
        """A condition on the rows of one index table, sought from the resource."""
        source = self._table_of(where, type_, probed=True)
        if source is None:
            return NEVER
        if isinstance(where, Text) and where.kind == "text" and where.match not in {"equals", "exact"}:
            return f"{row}.rid IN (SELECT x.rid FROM {source})"
        return f"EXISTS (SELECT 1 FROM {source} AND x.rid = {row}.rid)"

    def _labelled(self, where: Token | Tokens, type_: str | None, row: str) -> str:
        if isinstance(where, Token):
            label = self.code(where, "x")
        else:
            label = self.codes(where, "x", "code || ''" if len(where.pairs) > FEW else "code")
        if label == NEVER:
            return NEVER
        found = f"index_token x WHERE x.pid = {self.label_pid(type_, row)} AND {label} AND x.rid = {row}.rid"
        return f"(({row}.named & {PLAIN}) = 0 AND EXISTS (SELECT 1 FROM {found}))"

    def _table_of(self, where: Where, type_: str | None, *, probed: bool = False) -> str | None:
        """Table and condition of an index part, alias ``x``; None where nothing is indexed so. ``probed``: for one resource."""
        row = "+x" if probed else "x"
        match where:
            case Token(parameter, _, _, kind):
                pids = self.pids(type_, parameter, kind)
                return f"index_token x WHERE {pids} AND {self.code(where, 'x')}" if pids else None
            case Tokens(parameter, pairs):
                pids = self.pids(type_, parameter, "token")
                column = "code || ''" if probed and len(pairs) > FEW else "code"
                return f"index_token x WHERE {pids} AND {self.codes(where, 'x', column)}" if pids else None
            case Text(parameter, value, match, "text"):
                pids = self.pids(type_, parameter, "text")
                return f"index_text x WHERE {pids} AND {self.text(where, 'x')}" if pids else None
            case Text(parameter, value, match):
                pids = self.pids(type_, parameter, "string", "part", "uri")
                column = "value || ''" if probed and match == "contains" and len(value) >= TRIGRAM else "value"
                return f"index_string x WHERE {pids} AND {self.text(where, 'x', column, 'written')}" if pids else None
            case Span(parameter):
                pids = self.pids(type_, parameter, "date")
                return f"index_date x WHERE {pids} AND {self.dates(where, row)}" if pids else None
            case Range(parameter, kind=kind):
                pids = self.pids(type_, parameter, *((kind,) if kind else ("number", "quantity")))
                return f"index_quantity x WHERE {pids} AND {self.numbers(where, row)}" if pids else None
            case Near(parameter):
                pids = self.pids(type_, parameter, "position")
                return f"index_position x WHERE {pids} AND {self.near(where, 'x')}" if pids else None
            case Composite(parameter, parts):
                return self._composite(parameter, parts, type_)
        raise TypeError(where)

    def _composite(self, parameter: str, parts: tuple[Where, ...], type_: str | None) -> str | None:
        pids = self.pids(type_, parameter, "composite")
        if not pids or not parts:
            return None
        tables, conditions = ["index_composite x"], []
        for place, part in enumerate(parts):
            row = f"x{place}" if place else "x"
            if place:
                tables.append(f"index_composite {row}")
                conditions.append(f"{row}.pid = x.pid AND {row}.rid = x.rid AND {row}.element = x.element")
            conditions.append(f"{row}.component = {place} AND {self.component(part, row)}")
        return f"{' CROSS JOIN '.join(tables)} WHERE {pids} AND {' AND '.join(conditions)}"

    def _present(self, parameter: str, type_: str | None, row: str) -> str:
        parts, others = self.named(parameter, row), []
        for pid, kind in self.names.present(type_, parameter):
            table = KINDS[kind]
            if table in BY_RESOURCE:
                parts.append(f"EXISTS (SELECT 1 FROM {TABLES[table][0]} x WHERE x.rid = {row}.rid AND x.pid = {pid})")
            else:
                others.append(f"{row}.indexed LIKE '%\"{pid}\":[%'")
        return f"({' OR '.join([*parts, *others])})" if parts or others else NEVER

    def _all_present(self, parameter: str, type_: str) -> str:
        parts = [
            f"SELECT x.rid FROM {TABLES[KINDS[kind]][0]} x WHERE x.pid = {pid}"
            for pid, kind in self.names.present(type_, parameter)
        ]
        if self.named(parameter, "s"):
            parts.append(f"SELECT s.rid FROM resource s WHERE s.type = :{self.bind(type_)} AND {self.named(parameter, 's')[0]}")
        return " UNION ALL ".join(parts) or NONE

    def _worded(self, parameter: str, groups: tuple[tuple[str, ...], ...], type_: str | None, row: str) -> str:
        found = []
        for words, absent in map(parted, groups):
            one = [self._holds(parameter, words, type_, row)] if words else []
            one += [f"NOT ({self._holds(parameter, (word,), type_, row)})" for word in absent]
            found.append(f"({' AND '.join(one)})" if one else NEVER)
        return f"({' OR '.join(found)})" if found else NEVER

    def _holds(self, parameter: str, words: tuple[str, ...], type_: str | None, row: str) -> str:
        """That a resource holds every one of the words and phrases."""
        pids = self.pids(type_, parameter, "words")
        if not self.few or not pids:
            return f"{row}.rid IN ({self._words(parameter, words, type_)})"
        found = f"SELECT 1 FROM ({self._lines(words)}) f WHERE f.line = x.line"
        return f"EXISTS (SELECT 1 FROM index_words x WHERE x.rid = {row}.rid AND {pids} AND EXISTS ({found}))"

    def _words(self, parameter: str, words: tuple[str, ...], type_: str | None) -> str:
        """A query of the resources that hold every one of the words and phrases."""
        pids = self.pids(type_, parameter, "words")
        if not pids:
            return NONE
        return f"SELECT x.rid FROM ({self._lines(words)}) f CROSS JOIN index_words x WHERE x.line = f.line AND {pids}"

    def _lines(self, words: tuple[str, ...]) -> str:
        query, wanted = self.dialect.worded(words)
        return query.format(p=":" + self.bind(wanted))

    def source(self, where: Where | None, type_: str | None, *, start: Where | None = None, scan: bool = False) -> str:
        """``resource`` rows of a type (None: of any) that satisfy ``where``: FROM and WHERE. Begins with ``start``, else with the
        part that an index answers best; where there is none, and with ``scan``, goes through the type."""
        parts = flatten(where)
        of = narrowed(parts, type_)
        start = start or (None if scan else best(parts))
        rows = None if start is None else self.rows(start, of)
        # What is deleted has no index rows: the row itself, which is long, need not be read to tell.
        conditions = [] if any(isinstance(part, INDEXED) for part in parts) else ["r.deleted = 0"]
        if rows is not None:
            conditions.append(self.dialect.among("r.rid", rows))
            parts = [part for part in parts if part is not start]
        elif of is not None:
            conditions.append(f"r.type = :{self.bind(of)}")
        self._scanned = rows is None
        with self.focused(start):
            conditions += [self.probe(part, of) for part in parts]
        return f"resource r WHERE {' AND '.join(conditions)}"


def every(conditions: list[str]) -> str:
    """That all of the conditions hold, without what is decided already."""
    left = [one for one in conditions if one != ALWAYS]
    return NEVER if NEVER in left else f"({' AND '.join(left)})" if left else ALWAYS


def some(conditions: list[str]) -> str:
    """That one of the conditions holds, without what is decided already."""
    left = [one for one in conditions if one != NEVER]
    return ALWAYS if ALWAYS in left else either(left) if left else NEVER


def narrowed(parts: tuple[Where, ...] | list[Where], type_: str | None) -> str | None:
    """The one type that the parts leave, where no type is known."""
    if type_ is None:
        for part in parts:
            if isinstance(part, Types) and len(part.types) == 1:
                return part.types[0]
    return type_


def parted(group: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words that must be there and those that must not."""
    return tuple(word for word in group if word[:1] != "-"), tuple(word[1:] for word in group if word[:1] == "-")
