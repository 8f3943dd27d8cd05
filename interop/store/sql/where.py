"""The query tree as SQL.

Each part becomes a probe, a condition on one row of ``resource``; parts that an index answers also become a list of row
numbers, from which a query may start (``rows``). Values are always parameters; only numbers of the dictionary stand in the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any as Value

from interop.errors import Problem
from interop.store.sql.index import NAMED
from interop.store.sql.names import Names
from interop.store.where import All, Any, Chain, Ids, Not, Person, Reference, Span, Text, Token, Updated, Where

NEVER = "0 = 1"
NONE = "SELECT rid FROM resource WHERE 0 = 1"
ALWAYS = "1 = 1"
HIGHEST = "\U0010ffff"
DEEPEST = 16

COMPARE = {
    "eq": "{low} >= :{a} AND {high} <= :{b}",
    "ne": "({low} < :{a} OR {high} > :{b})",
    "gt": "{high} > :{b}",
    "lt": "{low} < :{a}",
    "ge": "({high} > :{b} OR ({low} >= :{a} AND {high} <= :{b}))",
    "le": "({low} < :{a} OR ({low} >= :{a} AND {high} <= :{b}))",
    "sa": "{low} >= :{b}",
    "eb": "{high} <= :{a}",
}
"""FHIR R4 search, 3.1.1.4.7: how the range of a target compares with the range asked for; both end before ``high``."""


class Compiler:
    """Compiles parts for one statement and gathers its parameters. ``guard`` is the Decision's predicate: a chain does not
    pass through a resource that the reader may not see."""

    def __init__(self, names: Names, guard: Where | None = None) -> None:
        self.names = names
        self.parameters: dict[str, Value] = {}
        self._guard = guard
        self._numbers = count()
        self._depth = 0
        self._tables: list[str] = []

    @property
    def prologue(self) -> str:
        """What the statement must begin with: the sets of targets that its parts refer to, each computed once."""
        return f"WITH {', '.join(self._tables)} " if self._tables else ""

    def bind(self, value: Value) -> str:
        """The name of a new parameter with this value."""
        name = f"p{next(self._numbers)}"
        self.parameters[name] = value
        return name

    def bound(self, values: tuple[str, ...]) -> str:
        """``:p1, :p2`` for a list."""
        return ", ".join(":" + self.bind(value) for value in values)

    def probe(self, where: Where, type_: str | None, row: str = "r") -> str:
        """A condition on the ``resource`` row of alias ``row``, which is of ``type_`` (None: of any type).

        Raises Problem('too-costly') where parts lie deeper than ``DEEPEST`` in each other."""
        with self._deeper():
            return self._probe(where, type_, row)

    def _probe(self, where: Where, type_: str | None, row: str) -> str:
        match where:
            case All(parts):
                return "(" + " AND ".join(self.probe(part, type_, row) for part in parts) + ")" if parts else ALWAYS
            case Any(parts):
                return "(" + " OR ".join(self.probe(part, type_, row) for part in parts) + ")" if parts else NEVER
            case Not(part):
                return f"NOT {self.probe(part, type_, row)}" if not isinstance(part, Not) else self.probe(part.part, type_, row)
            case Ids(ids):
                return f"{row}.id IN ({self.bound(ids)})" if ids else NEVER
            case Updated(prefix, low, high):
                a, b = self.bind(low), self.bind(high)
                return f"({COMPARE[prefix].format(low=f'{row}.updated', high=f'({row}.updated + 1)', a=a, b=b)})"
            case Token(code=None):
                return f"+{row}.rid IN ({self.rows(where, type_)})"
            case Token() | Text() | Span():
                source = self._index(where, type_)
                return f"EXISTS (SELECT 1 FROM {source} AND x.rid = {row}.rid)" if source else NEVER
            case Reference(parameter, targets):
                return self._refers(parameter, type_, row, self._targets(targets), self._patients(targets))
            case Person(parameter, patients):
                return self._refers(parameter, type_, row, *self._group(patients))
            case Chain(parameter, target, inner):
                return self._refers(parameter, type_, row, *self._chained(target, inner))
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
            case Token() | Text() | Span():
                source = self._index(where, type_)
                return f"SELECT x.rid FROM {source}" if source else NONE
            case Reference(parameter, targets):
                return self._referring(parameter, type_, self._targets(targets), self._patients(targets))
            case Person(parameter, patients):
                return self._referring(parameter, type_, *self._group(patients))
            case Chain(parameter, target, inner):
                return self._referring(parameter, type_, *self._chained(target, inner))
            case Any(parts) if parts:
                lists = [self.rows(part, type_) for part in parts]
                return " UNION ALL ".join(rows for rows in lists if rows) if all(lists) else None
            case Any(()):
                return NONE
        return None

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Problem("too-costly")
        yield
        self._depth -= 1

    def _index(self, where: Token | Text | Span, type_: str | None) -> str | None:
        """Table and condition of an index part, alias ``x``; None where nothing is indexed so."""
        match where:
            case Token(parameter, code, system):
                pids = self._pids(type_, parameter, "token")
                if not pids:
                    return None
                text = f"index_token x WHERE {pids}"
                if code is not None:
                    text += f" AND x.code = :{self.bind(code)}"
                if system is not None:
                    text += f" AND x.sid = {self.names.system(system)}"
                return text
            case Text(parameter, value, match):
                pids = self._pids(type_, parameter, "string", "uri")
                return f"index_string x WHERE {pids} AND {self._text(value, match)}" if pids else None
            case Span(parameter, prefix, low, high):
                for table, kinds in (("index_date", ("date",)), ("index_quantity", ("number", "quantity"))):
                    pids = self._pids(type_, parameter, *kinds)
                    if pids:
                        a, b = self.bind(low), self.bind(high)
                        return f"{table} x WHERE {pids} AND {COMPARE[prefix].format(low='x.low', high='x.high', a=a, b=b)}"
        return None

    def _text(self, value: str, match: str) -> str:
        if match == "equals":
            return f"x.value = :{self.bind(value)}"
        if match == "contains":
            escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            return f"x.value LIKE :{self.bind(f'%{escaped}%')} ESCAPE '\\'"
        return f"x.value >= :{self.bind(value)} AND x.value < :{self.bind(value + HIGHEST)}"

    def _pids(self, type_: str | None, parameter: str, *kinds: str) -> str:
        numbers = [pid for kind in kinds for pid in self.names.pids(type_, parameter, kind)]
        if len(numbers) < 2:
            return f"x.pid = {numbers[0]}" if numbers else ""
        return f"x.pid IN ({', '.join(map(str, numbers))})"

    def _targets(self, targets: tuple[str, ...]) -> str:
        return self.bound(targets)

    def _patients(self, targets: tuple[str, ...]) -> str:
        return self.bound(tuple(target[8:] for target in targets if target.startswith("Patient/")))

    def _refers(self, parameter: str, type_: str | None, row: str, targets: str, patients: str) -> str:
        """Whether the row refers to one of ``targets`` (Type/id); ``patients`` are those among them that are Patients (id)."""
        parts = []
        pids = self._reference_pids(parameter, type_)
        if pids and targets:
            parts.append(f"EXISTS (SELECT 1 FROM index_reference x WHERE {pids} AND x.target IN ({targets}) AND x.rid = {row}.rid)")
        if patients and parameter in NAMED:
            parts.append(f"({row}.subject IN ({patients}) AND ({row}.named & {NAMED[parameter]}) <> 0)")
        elif patients and not parameter:
            parts.append(f"{row}.subject IN ({patients})")
        return f"({' OR '.join(parts)})" if parts else NEVER

    def _referring(self, parameter: str, type_: str | None, targets: str, patients: str) -> str:
        """The numbers of the rows that ``_refers`` holds of."""
        parts = []
        pids = self._reference_pids(parameter, type_)
        if pids and targets:
            parts.append(f"SELECT x.rid FROM index_reference x WHERE {pids} AND x.target IN ({targets})")
        if patients and (not parameter or parameter in NAMED):
            text = f"SELECT s.rid FROM resource s WHERE s.subject <> '' AND s.subject IN ({patients})"
            if type_ is not None:
                text += f" AND s.type = :{self.bind(type_)}"
            if parameter:
                text += f" AND (s.named & {NAMED[parameter]}) <> 0"
            parts.append(text)
        return " UNION ALL ".join(parts) or NONE

    def _reference_pids(self, parameter: str, type_: str | None) -> str:
        if parameter:
            return self._pids(type_, parameter, "reference")
        numbers = [pid for name in NAMED for pid in self.names.pids(type_, name, "reference")]
        return f"x.pid IN ({', '.join(map(str, numbers))})" if numbers else ""

    def _table(self, columns: str, query: str) -> str:
        """Name a query; the name may stand in the statement any number of times."""
        name = f"t{next(self._numbers)}"
        self._tables.append(f"{name} ({columns}) AS ({query})")
        return name

    def _group(self, patients: tuple[str, ...]) -> tuple[str, str]:
        """Queries of everyone who is one person with one of the Patients, as Type/id and as ids."""
        if not patients:
            return "", ""
        return self._people(self._table("id", "VALUES " + ", ".join(f"(:{self.bind(patient)})" for patient in patients)))

    def _people(self, found: str) -> tuple[str, str]:
        people = self._table(
            "reference, id",
            "SELECT 'Patient/' || b.patient, b.patient FROM link a CROSS JOIN link b "
            f"WHERE b.person = a.person AND a.patient IN (SELECT id FROM {found}) "
            f"UNION SELECT 'Patient/' || id, id FROM {found}",
        )
        return f"SELECT reference FROM {people}", f"SELECT id FROM {people}"

    def _chained(self, target: str, inner: Where) -> tuple[str, str]:
        """Queries of the targets of a chain, as Type/id and, for Patients, as ids."""
        where = inner if self._guard is None else All((inner, self._guard))
        found = self._table("id", f"SELECT r.id FROM {self.source(where, target)}")
        if target == "Patient":
            return self._people(found)
        return f"SELECT :{self.bind(target + '/')} || id FROM {found}", ""

    def source(self, where: Where | None, type_: str, *, scan: bool = False) -> str:
        """``resource`` rows of a type that satisfy ``where``: FROM and WHERE. Starts from the part that an index answers best;
        where there is none, and with ``scan``, goes through the type."""
        parts = flatten(where)
        start = None if scan else best(parts)
        rows = None if start is None else self.rows(start, type_)
        text = "resource r WHERE r.deleted = 0"
        if rows is None:
            text += f" AND r.type = :{self.bind(type_)}"
        else:
            text += f" AND r.rid IN ({rows})"
            parts = [part for part in parts if part is not start]
        return text + "".join(f" AND {self.probe(part, type_)}" for part in parts)


def flatten(where: Where | None) -> list[Where]:
    """The parts that must all hold."""
    if where is None:
        return []
    return [one for part in where.parts for one in flatten(part)] if isinstance(where, All) else [where]


def rank(where: Where) -> int:
    """How few rows a part is likely to leave: 0 fewest, 9 no index. From 3 on it is worth a look how many there are."""
    match where:
        case Ids():
            return 0
        case Token(parameter, code, _):
            return 9 if code is None else 1 if parameter == "identifier" else 5
        case Reference() | Person():
            return 2
        case Chain(_, _, inner):
            chosen = best(flatten(inner))
            return 9 if chosen is None else max(2, rank(chosen))
        case Text(_, _, match):
            return {"equals": 3, "starts": 4}.get(match, 8)
        case Span(_, prefix, _, _):
            return {"eq": 4, "sa": 6, "gt": 8, "ge": 8}.get(prefix, 7)
        case Any(parts) if parts:
            return max(rank(part) for part in parts)
    return 9


def best(parts: list[Where]) -> Where | None:
    """The part to start from, or None."""
    chosen = min(parts, key=rank, default=None)
    return chosen if chosen is not None and rank(chosen) < 9 else None
