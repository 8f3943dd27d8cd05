"""Conditions on the rows of one index table: what a single part of a question says of them."""

from __future__ import annotations

from math import cos, pi, radians, sin
from typing import Any as Value

from interop.errors import Problem
from interop.fhir.searching import normalise
from interop.store.sql.compare import DATES, NUMBERS, POINT
from interop.store.sql.dialect import Dialect
from interop.store.sql.index import LONGEST, point
from interop.store.sql.joining import NEVER
from interop.store.sql.names import LABELS, Names
from interop.store.where import All, Any, Near, Range, Reference, Span, Text, Token, Tokens, Where

BEYOND = "\U0010ffff"
EARTH = 6_371_008.8
"""Mean radius of the Earth in metres."""
ROUNDING = 1e-12
"""The share of a value in base units that its calculation may be wrong by."""
TRIGRAM = 3
"""Characters from which on the index of trigrams finds a text."""


class Leaves:
    """Says conditions and binds their values."""

    def __init__(self, names: Names, dialect: Dialect, first: int = 0) -> None:
        self.names = names
        self.dialect = dialect
        self.parameters: dict[str, Value] = {}
        self._number = first
        self._once: dict[Value, str] = {}

    def number(self) -> int:
        """A new number for a name within the statement."""
        self._number += 1
        return self._number - 1

    def bind(self, value: Value) -> str:
        """The name of a new parameter with this value."""
        name = f"p{self.number()}"
        self.parameters[name] = value
        return name

    def once(self, value: Value) -> str:
        """The name of a parameter with this value, the same for each that says it."""
        name = self._once.get(value)
        if name is None:
            name = self._once[value] = self.bind(value)
        return name

    def literal(self, value: str) -> str:
        """A new parameter where its type must be told."""
        return f"CAST(:{self.bind(value)} AS TEXT)"

    def bound(self, values: tuple[str, ...]) -> str:
        """``:p1, :p2`` for a list, the last value again up to a power of two: few texts of statements."""
        missing = (1 << max(len(values) - 1, 0).bit_length()) - len(values)
        return ", ".join(":" + self.bind(value) for value in (*values, *values[-1:] * missing))

    def code(self, where: Token, row: str, column: str = "code") -> str:
        """On system and code of a row."""
        parts = [] if where.code is None else [f"{row}.{column} = :{self.bind(where.code[:LONGEST])}"]
        if where.system is not None:
            sid = self._system(where.parameter, where.system)
            parts.append(f"{row}.sid = {sid}" if sid else NEVER)
        return " AND ".join(parts) or "1 = 1"

    def codes(self, where: Tokens, row: str, column: str = "code") -> str:
        """On system and code of a row, one of many pairs."""
        systems: dict[str, list[str]] = {}
        for system, code in where.pairs:
            systems.setdefault(system, []).append(code[:LONGEST])
        each = [
            f"({row}.sid = {sid} AND {row}.{column} IN ({self.bound(tuple(found))}))"
            for system, found in systems.items()
            if (sid := self._system(where.parameter, system))
        ]
        return f"({' OR '.join(each)})" if len(each) > 1 else each[0] if each else NEVER

    def _system(self, parameter: str, url: str) -> str:
        """The number of a code system; '' where no index row has it. One of labels may be on disk before it is known here."""
        sid = self.names.system(url)
        if sid >= 0:
            return str(sid)
        return f"(SELECT n.sid FROM system n WHERE n.url = {self.literal(url)})" if parameter == LABELS else ""

    def text(self, where: Text, row: str, column: str = "value", written: str = "") -> str:
        """On the text of a row; ``written`` is the column of the text as written, where there is one."""
        value, column = where.value[:LONGEST], f"{row}.{column}"
        if where.match == "equals":
            return f"{column} = :{self.bind(value)}"
        if where.match == "exact":
            if not written:
                return f"{column} = :{self.bind(value)}"
            plain, said = self.bind(normalise(where.value)[:LONGEST]), self.bind(value)
            return f"{column} = :{plain} AND ({row}.{written} = :{said} OR ({row}.{written} = '' AND {column} = :{said}))"
        if where.match == "contains":
            if len(value) >= TRIGRAM:
                query, wanted = self.dialect.containing(value)
                return f"{column} IN ({query.format(p=':' + self.bind(wanted))})"
            escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            return f"{column} LIKE :{self.bind(f'%{escaped}%')} ESCAPE '\\'"
        return f"{column} >= :{self.bind(value)} AND {column} < :{self.bind(value + BEYOND)}"

    def dates(self, where: Span, row: str) -> str:
        """On both sides of a row of dates. A ``row`` that begins with ``+`` is not to be sought by them."""
        a, b = self.bind(where.low), self.bind(where.high)
        return DATES[where.prefix].format(low=f"{row}.low", high=f"{row}.high", a=a, b=b)

    def numbers(self, where: Range, row: str) -> str:
        """On both sides and the unit of a row of numbers or quantities; ``row`` as for ``dates``."""
        low, high = float(where.low), float(where.high)
        table = NUMBERS if low < high else POINT
        if where.kind == "measure":  # what a unit was turned into is a little beside its true value
            less, more = abs(low) * ROUNDING, abs(high) * ROUNDING
            low, high = low + less if where.prefix == "le" else low - less, high - more if where.prefix == "ge" else high + more
            table = NUMBERS
        a, b = self.bind(low), self.bind(high)
        text = table[where.prefix].format(low=f"{row}.low", high=f"{row}.high", a=a, b=b)
        return f"{text} AND {row.lstrip('+')}.unit IN ({self.bound(where.units)})" if where.units else text

    def near(self, where: Near, row: str) -> str:
        """On a row of places: the straight line through the Earth is no longer than that of the distance."""
        angle = min(max(where.metres, 0.0) / EARTH, pi)
        z, x, y = point(where.latitude, where.longitude)
        north, south = radians(where.latitude) + angle, radians(where.latitude) - angle
        low = sin(south) if south > -pi / 2 else -1.0
        high = sin(north) if north < pi / 2 else 1.0
        names = [self.bind(value) for value in (low - 1e-12, high + 1e-12, z, x, y, 2 - 2 * cos(angle) + 1e-12)]
        a, b, z_, x_, y_, limit = (f":{name}" for name in names)
        squares = " + ".join(f"({row}.{c} - {at}) * ({row}.{c} - {at})" for c, at in (("z", z_), ("x", x_), ("y", y_)))
        return f"{row}.z >= {a} AND {row}.z <= {b} AND {squares} <= {limit}"

    def component(self, where: Where, row: str) -> str:
        """On a row of index_composite; ``row`` is of the component asked for."""
        match where:
            case Token():
                return f"{row}.kind = '{where.kind}' AND {self.code(where, row, 'text')}"
            case Tokens():
                return f"{row}.kind = 'token' AND {self.codes(where, row, 'text')}"
            case Text():
                kinds = "= 'text'" if where.kind == "text" else "IN ('string', 'uri')"
                return f"{row}.kind {kinds} AND {self.text(where, row, 'text')}"
            case Reference(_, targets):
                return f"{row}.kind = 'reference' AND {row}.text IN ({self.bound(targets)})" if targets else NEVER
            case Span():
                return f"{row}.text = '' AND {row}.kind = 'date' AND {self.dates(where, row)}"
            case Range():
                kinds = "= 'measure'" if where.kind == "measure" else "IN ('number', 'quantity')"
                return f"{row}.text = '' AND {row}.kind {kinds} AND {self.numbers(where, row)}"
            case Any(parts) | All(parts):
                join = " AND " if isinstance(where, All) else " OR "
                return f"({join.join(self.component(part, row) for part in parts)})" if parts else NEVER
        raise Problem("bad-parameter", detail="no component is compared so")
