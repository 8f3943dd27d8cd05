"""Index rows as the tables hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from math import cos, radians, sin
from typing import Any

import orjson

from interop.fhir.rows import IndexRow
from interop.fhir.searching.text import plain
from interop.store.sql.names import LABELS, Names, Parameter
from interop.store.values import Stored

TOKEN, REFERENCE, STRING, DATE, QUANTITY, TEXT, COMPOSITE, POSITION, WORDS, ACCESS = range(10)

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
    "access": ACCESS,
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
    ("index_access", ("subject", "pid", "code", "rid", "low", "high")),
)
"""Tables and their columns, in the order of the primary key; a number names each. A row of index_words is taken away by its
first two columns; one of index_access stands under the Patient that its resource is about."""

BY_RESOURCE = frozenset((TOKEN, REFERENCE, STRING, DATE, QUANTITY))
"""Tables that are sought by the resource's number too."""

RANGED = frozenset((DATE, QUANTITY))
"""Tables that hold a low and a high side."""

LONGEST = 512
"""Characters of a code, target or text that are indexed; what is compared is cut alike."""

Line = tuple[Any, ...]
"""Table, number of the parameter and values without the resource's number. A line of index_words has a digest of its text."""


def _first(line: Line, rid: int, patient: str) -> tuple[Any, ...]:
    return (rid, *line[1:])


def _last(line: Line, rid: int, patient: str) -> tuple[Any, ...]:
    return (*line[1:], rid)


PLACE: tuple[Callable[[Line, int, str], tuple[Any, ...]], ...] = (
    lambda line, rid, patient: (line[1], line[2], rid, line[3]),
    _last,
    _first,
    _first,
    _first,
    _last,
    lambda line, rid, patient: (line[1], line[2], line[3], rid, line[4], line[5], line[6], line[7], line[8], line[9]),
    _last,
    _first,
    lambda line, rid, patient: (patient, line[1], line[2], rid, line[3], line[4]),
)
"""A line as a row of its table, by table: the resource's number and, where it is needed, its subject go to their places."""

NAMED = {"patient": 1, "subject": 2}
"""Parameters that name the subject, as bits of ``resource.named``."""
SOLE = 4
"""The bit of ``resource.named`` that no reference leads to a Patient but the subject."""
ELSE = 8
"""The bit of ``resource.named`` that ``patient`` or ``subject`` name something else than the subject."""
PLAIN = 16
"""The bit of ``resource.named`` that it has no security label."""
PATIENT = "Patient/"


def subject(stored: Stored, rows: Iterable[IndexRow]) -> tuple[str, int]:
    """The Patient that the resource is about, '' where it is about nobody; which parameters name it, ``SOLE``, ``ELSE``, ``PLAIN``.

    Rows that name it are answered by ``resource.subject`` and kept out of ``index_reference``. A second Patient of the same
    resource (an Appointment of two) stays there.
    """
    if stored.type == "Patient":
        return stored.id, SOLE if any(row[0] == LABELS for row in rows) else SOLE | PLAIN
    named: list[tuple[str, str]] = []
    patients: set[str] = set()
    bits, plain_ = 0, PLAIN
    for row in rows:
        if row[0] == LABELS:
            plain_ = 0
        elif row[1] == "reference":
            is_patient = row[2].startswith(PATIENT)
            if is_patient:
                patients.add(row[2][8:])
            if row[0] in NAMED:
                if is_patient:
                    named.append((row[0], row[2][8:]))
                else:
                    bits = ELSE
    patient = min(named, key=lambda pair: NAMED[pair[0]])[1] if named else ""
    for parameter, target in named:
        bits |= NAMED[parameter] if target == patient else ELSE
    return patient, plain_ | (bits if patients - {patient} else bits | SOLE)


def lines(stored: Stored, rows: Iterable[IndexRow], patient: str, names: Names) -> tuple[dict[Line, None], dict[int, str]]:
    """The rows of a resource, each once, in their order, and its words by the parameter's number."""
    type_, result, words = stored.type, dict[Line, None](), dict[int, str]()
    known, systems = names.parameters, names.systems
    own = PATIENT + patient if stored.type != "Patient" else ""
    before, kind_before, pid, table = "", "", -1, -1
    for parameter, kind, a, b, c in rows:
        if kind == "reference" and parameter in NAMED and a == own:
            continue
        if parameter != before or kind != kind_before:
            key = ("" if kind == "access" else type_, parameter, kind)
            found = known.get(key)
            pid = names.pid(key) if found is None else found
            table = KINDS[kind]
            before, kind_before = parameter, kind
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
            _, part, first, second, unit = c
            if part in CODED:
                url = first or ""
                sid = systems.get(url)
                sid = names.sid(url) if sid is None else sid
                result[(COMPOSITE, pid, b, (second or "")[:LONGEST], a, part, sid, "", 0.0, 0.0)] = None
            elif KINDS[part] in RANGED:
                result[(COMPOSITE, pid, b, "", a, part, 0, unit or "", float(first), float(second))] = None
            else:
                result[(COMPOSITE, pid, b, first[:LONGEST], a, part, 0, "", 0.0, 0.0)] = None
        elif table == POSITION:
            result[(POSITION, pid, *point(a, b))] = None
        elif table == ACCESS:
            result[(ACCESS, pid, a[:LONGEST], b, c)] = None
        elif table == WORDS:
            words[pid] = plain(a)
            result[(WORDS, pid, blake2b(a.encode(), digest_size=9).hexdigest())] = None
        else:
            result[(table, pid, a[:LONGEST])] = None
    return result, words


def point(latitude: float, longitude: float) -> tuple[float, float, float]:
    """z, x and y of a place on the unit sphere."""
    north, east = radians(latitude), radians(longitude)
    return sin(north), cos(north) * cos(east), cos(north) * sin(east)


def vocabulary(type_: str, rows: Iterable[IndexRow], names: Names) -> tuple[set[Parameter], set[str]]:
    """The parameters and systems of rows that ``names`` does not know yet."""
    parameters = {("" if row[1] == "access" else type_, row[0], row[1]) for row in rows} - names.parameters.keys()
    systems = {row[2] or "" for row in rows if row[1] in CODED}
    systems |= {row[4][2] or "" for row in rows if row[1] == "composite" and row[4][1] in CODED}
    return parameters, systems - names.systems.keys()


def judged(index: Iterable[Line], patient: str, names: Names) -> list[tuple[int, str, int]]:
    """What is kept of a version so that it can be told who may see it (``index_version``): labels as number of the parameter,
    code, system; Patients beside its subject under the number 0."""
    found: dict[tuple[int, str, int], None] = {}
    for line in index:
        if line[0] == TOKEN:
            if names.is_label(line[1]):
                found[line[1], line[2], line[3]] = None
        elif line[0] == REFERENCE and line[2].startswith(PATIENT) and line[2][8:] != patient:
            found[0, line[2][8:], 0] = None
    return list(found)


def kept(index: Iterable[Line]) -> str:
    """What ``resource.indexed`` keeps: an object of the parameters' numbers, the values of each."""
    result: dict[int, list[Line]] = {}
    for line in index:
        known = result.get(line[1])
        if known is None:
            result[line[1]] = [line[2:]]
        else:
            known.append(line[2:])
    return orjson.dumps(result, option=orjson.OPT_NON_STR_KEYS).decode()


def unkept(indexed: str, names: Names) -> dict[Line, None]:
    """The lines that ``kept`` wrote."""
    result: dict[Line, None] = {}
    for number, values in orjson.loads(indexed).items():
        pid = int(number)
        table = KINDS[names.kind(pid)]
        for line in values:
            result[(table, pid, *line)] = None
    return result
