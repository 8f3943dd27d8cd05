"""Conditions on the index tables: rows of which kind a part of a question asks for, sought from a resource or listed."""

from __future__ import annotations

from interop.store.sql.index import BY_RESOURCE, KINDS, PLAIN, TABLES
from interop.store.sql.joining import NEVER, NONE
from interop.store.sql.leaves import TRIGRAM
from interop.store.sql.people import People
from interop.store.where import Composite, Near, Range, Span, Text, Token, Tokens, Where

INDEXED = Token | Tokens | Text | Span | Range | Composite | Near
"""Parts that hold of a resource only by rows of the index tables."""
FEW = 8
"""Up to so many codes each is looked up by itself."""


class Indexed(People):
    """Says what rows of the index tables there are of a resource, or of which resources."""

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
