"""Whether a new version is what criteria ask for: the query tree of a search, held against the index rows of one resource.

The same question that the store answers of all that it holds (``interop.store.sql``), for what depends on the version alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import cos, pi, radians, sin
from typing import Final, NamedTuple

from interop.fhir.rows import IndexRow
from interop.fhir.searching import normalise
from interop.store.where import (
    All,
    Any,
    Composite,
    Ids,
    Near,
    Not,
    Person,
    Present,
    Range,
    Reference,
    Span,
    Text,
    Token,
    Tokens,
    Types,
    Updated,
    Where,
)

LONGEST: Final = 512
"""Characters of a code, target or text that are compared, as in the index."""
EARTH: Final = 6_371_008.8
"""Mean radius of the Earth in metres."""
ROUNDING: Final = 1e-12
"""The share of a value in base units that its calculation may be wrong by."""
BOUND: Final = (All, Any, Composite, Ids, Near, Not, Person, Present, Range, Reference, Span, Text, Token, Tokens, Types, Updated)
"""Parts that are answered by one version, and by who is one person."""
CODED: Final = frozenset(("token", "identifier", "of-type", "below"))
Groups = Mapping[str, frozenset[str]]
"""A Patient's id -> those of everyone who is one person with it."""


class Version(NamedTuple):
    """A new version as it is matched: ``updated`` in microseconds, ``rows`` by parameter."""

    type: str
    id: str
    updated: int
    rows: Mapping[str, Sequence[IndexRow]]


def version(type: str, id: str, updated: int, rows: Sequence[IndexRow]) -> Version:
    """A version with its index rows."""
    known: dict[str, list[IndexRow]] = {}
    for row in rows:
        if row[1] != "access":
            known.setdefault(row[0], []).append(row)
    return Version(type, id, updated, known)


def unmatched(where: Where | None) -> str:
    """What of a question one version does not answer, in words; '' where it answers all."""
    match where:
        case None:
            return ""
        case All(parts) | Any(parts) | Composite(_, parts):
            return next((why for why in map(unmatched, parts) if why), "")
        case Not(part):
            return unmatched(part)
        case Span(_, "ap") | Updated("ap"):
            return "ap of a date depends on when it is asked"
    return (
        ""
        if isinstance(where, BOUND)
        else "chains, _has, _list and full text are not matched: they depend on more than the resource"
    )


def patients(where: Where | None) -> frozenset[str]:
    """The Patients whose person a question names."""
    match where:
        case All(parts) | Any(parts):
            return frozenset(patient for part in parts for patient in patients(part))
        case Not(part):
            return patients(part)
        case Person(_, named):
            return frozenset(named)
    return frozenset()


def holds(where: Where | None, one: Version, groups: Groups) -> bool:
    """Whether a version is what is asked for. Raises TypeError for what ``unmatched`` names."""
    match where:
        case None:
            return True
        case All(parts):
            return all(holds(part, one, groups) for part in parts)
        case Any(parts):
            return any(holds(part, one, groups) for part in parts)
        case Not(part):
            return not holds(part, one, groups)
        case Ids(ids):
            return one.id in ids
        case Types(types):
            return one.type in types
        case Updated(prefix, low, high):
            return UPDATED[prefix](one.updated, low, high)
        case Present(parameter):
            return bool(one.rows.get(parameter))
        case Reference(parameter, targets):
            return _refers(one, parameter, {target[:LONGEST] for target in targets})
        case Person(parameter, named):
            people = {f"Patient/{each}" for patient in named for each in groups.get(patient, frozenset((patient,)))}
            return _refers(one, parameter, people)
        case Composite(parameter, parts):
            return _composite(one.rows.get(parameter, ()), parts)
    if not isinstance(where, Token | Tokens | Text | Span | Range | Near):
        raise TypeError(where)
    return any(_row(where, row) for row in one.rows.get(where.parameter, ()))


def _refers(one: Version, parameter: str, targets: set[str]) -> bool:
    return any(row.kind == "reference" and row.a[:LONGEST] in targets for row in one.rows.get(parameter, ()))


def _composite(rows: Sequence[IndexRow], parts: tuple[Where, ...]) -> bool:
    """Every part holds of its component of one element."""
    elements: dict[int, dict[int, list[IndexRow]]] = {}
    for row in rows:
        if row.kind == "composite":
            elements.setdefault(row.a, {}).setdefault(row.b, []).append(row.c)
    return bool(parts) and any(
        all(any(_component(part, row) for row in components.get(place, ())) for place, part in enumerate(parts))
        for components in elements.values()
    )


def _component(part: Where, row: IndexRow) -> bool:
    match part:
        case All(parts):
            return all(_component(each, row) for each in parts)
        case Any(parts):
            return any(_component(each, row) for each in parts)
        case Reference(_, targets):
            return row.kind == "reference" and row.a[:LONGEST] in targets
    return _row(part, row)


def _row(where: Where, row: IndexRow) -> bool:
    """Whether one index row is what a part asks for."""
    kind, a, b, c = row[1], row[2], row[3], row[4]
    match where:
        case Token(_, code, system, asked):
            return kind == asked and (code is None or (b or "")[:LONGEST] == code[:LONGEST]) and system in (None, a or "")
        case Tokens(_, pairs):
            return kind == "token" and any((a or "") == system and (b or "")[:LONGEST] == code[:LONGEST] for system, code in pairs)
        case Text():
            return _text(where, kind, a, b)
        case Span(_, prefix, low, high):
            return kind == "date" and DATES[prefix](a, b, low, high)
        case Range():
            return _range(where, kind, float(a), float(b), c or "") if kind in ("number", "quantity", "measure") else False
        case Near():
            return kind == "position" and _near(where, a, b)
    raise TypeError(where)


def _text(where: Text, kind: str, a: str, b: str | None) -> bool:
    value = where.value[:LONGEST]
    if where.kind == "text":
        if kind != "text":
            return False
    elif kind not in ("string", "part", "uri"):
        return False
    text = a[:LONGEST]
    match where.match:
        case "equals":
            return text == value
        case "exact":
            if where.kind == "text":
                return text == value
            return text == normalise(where.value)[:LONGEST] and (b or a)[:LONGEST] == value
        case "contains":
            return value in text
    return text.startswith(value)


def _range(where: Range, kind: str, low: float, high: float, unit: str) -> bool:
    if kind not in ((where.kind,) if where.kind else ("number", "quantity")) or (where.units and unit not in where.units):
        return False
    asked_low, asked_high = float(where.low), float(where.high)
    table = NUMBERS if asked_low < asked_high else POINT
    if where.kind == "measure":
        less, more = abs(asked_low) * ROUNDING, abs(asked_high) * ROUNDING
        asked_low = asked_low + less if where.prefix == "le" else asked_low - less
        asked_high = asked_high - more if where.prefix == "ge" else asked_high + more
        table = NUMBERS
    return table[where.prefix](low, high, asked_low, asked_high)


def _near(where: Near, latitude: float, longitude: float) -> bool:
    """The straight line through the Earth is no longer than that of the distance."""
    angle = min(max(where.metres, 0.0) / EARTH, pi)
    one, other = _point(where.latitude, where.longitude), _point(latitude, longitude)
    return sum((a - b) * (a - b) for a, b in zip(one, other, strict=True)) <= 2 - 2 * cos(angle) + 1e-12


def _point(latitude: float, longitude: float) -> tuple[float, float, float]:
    north, east = radians(latitude), radians(longitude)
    return sin(north), cos(north) * cos(east), cos(north) * sin(east)


Compare = Callable[[float, float, float, float], bool]
DATES: Final[Mapping[str, Compare]] = {
    "eq": lambda low, high, a, b: low >= a and high <= b and low < b,
    "ne": lambda low, high, a, b: low < a or high > b,
    "gt": lambda low, high, a, b: high > b,
    "lt": lambda low, high, a, b: low < a,
    "ge": lambda low, high, a, b: high > a and (high > b or low >= a),
    "le": lambda low, high, a, b: low < b and (low < a or high <= b),
    "sa": lambda low, high, a, b: low >= b,
    "eb": lambda low, high, a, b: high <= a,
}
"""FHIR R4 search, 3.1.1.4.7: both ranges end before their high sides."""
NUMBERS: Final[Mapping[str, Compare]] = {
    "eq": lambda low, high, a, b: low >= a and low < b and high < b,
    "ne": lambda low, high, a, b: low < a or high >= b,
    "gt": lambda low, high, a, b: high > b,
    "lt": lambda low, high, a, b: low < a,
    "ge": lambda low, high, a, b: high >= b,
    "le": lambda low, high, a, b: low <= a,
    "sa": lambda low, high, a, b: low > b,
    "eb": lambda low, high, a, b: high < a,
    "ap": lambda low, high, a, b: low < b and high >= a,
}
"""FHIR R4 search, 3.1.1.4.6: a row includes both its sides, what is asked for ends before ``b``."""
POINT: Final[Mapping[str, Compare]] = {
    **NUMBERS,
    "eq": lambda low, high, a, b: low == a and high == b,
    "ne": lambda low, high, a, b: low != a or high != b,
    "ap": lambda low, high, a, b: low <= b and high >= a,
}
"""The same where one value is asked for and no range."""
UPDATED: Final[Mapping[str, Callable[[int, int, int], bool]]] = {
    "eq": lambda at, a, b: a <= at < b,
    "ne": lambda at, a, b: at < a or at >= b,
    "gt": lambda at, a, b: at >= b,
    "lt": lambda at, a, b: at < a,
    "ge": lambda at, a, b: at >= a,
    "le": lambda at, a, b: at < b,
    "sa": lambda at, a, b: at >= b,
    "eb": lambda at, a, b: at < a,
}
"""FHIR R4 search, 3.1.1.4.7, of an instant."""
