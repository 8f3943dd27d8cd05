"""Index rows as the tables hold them."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from math import cos, radians, sin
from typing import Any

import orjson

from interop.fhir.searching.text import plain
from interop.store.sql.names import Names, Parameter
from interop.store.values import IndexRow, Stored

TOKEN, REFERENCE, STRING, DATE, QUANTITY, TEXT, COMPOSITE, POSITION, WORDS = range(9)

CODED = frozenset(("token", "identifier", "of-type", "below"))
"""Kinds of index row that hold a system and a code."""

KINDS = {
    **dict.fromkeys(CODED, TOKEN),
    "reference": REFERENCE,
    **dict.fromkeys(("string", "part", "uri"), STRING),
    "date": DATE,
    **dict.fromkeys(("number", "quantity", "measure"), QUANTITY),
    "text": TEXT,
    "composite": COMPOSITE,
    "position": POSITION,
    "words": WORDS,
}
"""Kind of index row -> its table."""

TABLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("index_token", ("pid", "code", "rid", "sid")),
    ("index_reference", ("pid", "target", "rid")),
    ("index_string", ("rid", "pid", "value", "written")),
    ("index_date", ("rid", "pid", "low", "high")),
    ("index_quantity", ("rid", "pid", "low", "high", "unit")),
    ("index_text", ("pid", "value", "rid")),
    ("index_composite", ("pid", "component", "text", "rid", "element", "kind", "sid", "unit", "low", "high")),
    ("index_position", ("pid", "z", "x", "y", "rid")),
    ("index_words", ("rid", "pid", "words")),
)
"""Tables and their columns, in the order of the primary key; a number names each. A row of index_words is taken away by its
first two columns."""

PLACE = tuple(columns.index("rid") - 1 for _, columns in TABLES)
"""Where the resource's number goes into a line without table and parameter; -1 = before the parameter."""

BY_RESOURCE = frozenset((TOKEN, REFERENCE, STRING, DATE, QUANTITY))
"""Tables that are sought by the resource's number too."""

LONGEST = 512
"""Characters of a code, target or text that are indexed; what is compared is cut alike."""

Line = tuple[Any, ...]
"""Table, number of the parameter and values without the resource's number. A line of index_words has a digest of its text."""

NAMED = {"patient": 1, "subject": 2}
"""Parameters that name the subject, as bits of ``resource.named``."""


def subject(stored: Stored, rows: Iterable[IndexRow]) -> tuple[str, int]:
    """The Patient that the resource is about and which parameters name it; ('', 0) where it is about nobody.

    Rows that name it are answered by ``resource.subject`` and kept out of ``index_reference``. A second Patient of the same
    resource (an Appointment of two) stays there.
    """
    if stored.type == "Patient":
        return stored.id, 0
    named: list[tuple[str, str]] = []
    for row in rows:
        if row[1] == "reference" and row[0] in NAMED and row[2].startswith("Patient/"):
            named.append((row[0], row[2][8:]))
    if not named:
        return "", 0
    patient = min(named, key=lambda pair: NAMED[pair[0]])[1]
    return patient, sum({NAMED[parameter] for parameter, target in named if target == patient})


def lines(stored: Stored, rows: Iterable[IndexRow], patient: str, names: Names) -> tuple[dict[Line, None], dict[int, str]]:
    """The rows of a resource, each once, in their order, and its words by the parameter's number."""
    type_, result, words = stored.type, dict[Line, None](), dict[int, str]()
    known, systems = names.parameters, names.systems
    own = "Patient/" + patient if stored.type != "Patient" else ""
    for parameter, kind, a, b, c in rows:
        if kind == "reference" and parameter in NAMED and a == own:
            continue
        key = (type_, parameter, kind)
        pid = known.get(key)
        if pid is None:
            pid = names.pid(key)
        table = KINDS[kind]
        if table == TOKEN:
            url = a or ""
            sid = systems.get(url)
            result[(TOKEN, pid, (b or "")[:LONGEST], names.sid(url) if sid is None else sid)] = None
        elif table == STRING:
            result[(STRING, pid, a[:LONGEST], "" if not b or a == b else b[:LONGEST])] = None
        elif table == DATE:
            result[(DATE, pid, a, b)] = None
        elif table == QUANTITY:
            result[(QUANTITY, pid, float(a), float(b), c or "")] = None
        elif table == COMPOSITE:
            result[(COMPOSITE, pid, *_component(int(a), int(b), c, names))] = None
        elif table == POSITION:
            result[(POSITION, pid, *point(a, b))] = None
        elif table == WORDS:
            words[pid] = plain(a)
            result[(WORDS, pid, blake2b(a.encode(), digest_size=9).hexdigest())] = None
        else:
            result[(table, pid, a[:LONGEST])] = None
    return result, words


def _component(element: int, component: int, row: IndexRow, names: Names) -> tuple[Any, ...]:
    """Component, text, element, kind, system, unit, low and high of a component's row."""
    _, kind, a, b, c = row
    table = KINDS[kind]
    if table == TOKEN:
        return component, (b or "")[:LONGEST], element, kind, names.sid(a or ""), "", 0.0, 0.0
    if table in {DATE, QUANTITY}:
        return component, "", element, kind, 0, c or "", float(a), float(b)
    return component, a[:LONGEST], element, kind, 0, "", 0.0, 0.0


def point(latitude: float, longitude: float) -> tuple[float, float, float]:
    """z, x and y of a place on the unit sphere."""
    north, east = radians(latitude), radians(longitude)
    return sin(north), cos(north) * cos(east), cos(north) * sin(east)


def vocabulary(type_: str, rows: Iterable[IndexRow], names: Names) -> tuple[set[Parameter], set[str]]:
    """The parameters and systems of rows that ``names`` does not know yet."""
    parameters = {(type_, row[0], row[1]) for row in rows} - names.parameters.keys()
    systems = {row[2] or "" for row in rows if row[1] in CODED}
    systems |= {row[4][2] or "" for row in rows if row[1] == "composite" and row[4][1] in CODED}
    return parameters, systems - names.systems.keys()


def place(line: Line, rid: int) -> tuple[Any, ...]:
    """A line as a row of its table."""
    at = PLACE[line[0]]
    return (rid, *line[1:]) if at < 0 else (*line[1 : at + 2], rid, *line[at + 2 :])


def kept(index: Iterable[Line]) -> str:
    """What ``resource.indexed`` keeps: an object of the parameters' numbers, the values of each in order."""
    result: dict[str, list[Line]] = {}
    for line in sorted(index):
        result.setdefault(str(line[1]), []).append(line[2:])
    return orjson.dumps(result).decode()


def unkept(indexed: str, names: Names) -> dict[Line, None]:
    """The lines that ``kept`` wrote."""
    result: dict[Line, None] = {}
    for number, values in orjson.loads(indexed).items():
        pid = int(number)
        table = KINDS[names.kind(pid)]
        for line in values:
            result[(table, pid, *line)] = None
    return result
