"""Index rows as the tables hold them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from interop.store.sql.names import Names, Parameter
from interop.store.values import IndexRow, Stored

TOKEN, REFERENCE, STRING, DATE, QUANTITY = range(5)

CODED = frozenset(("token", "identifier"))
"""Kinds of index row that hold a system and a code."""

TABLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("index_token", ("pid", "code", "rid", "sid")),
    ("index_reference", ("pid", "target", "rid")),
    ("index_string", ("rid", "pid", "value")),
    ("index_date", ("rid", "pid", "low", "high")),
    ("index_quantity", ("rid", "pid", "low", "high", "unit")),
)
"""Tables and their columns, in the order of the primary key."""

Line = tuple[Any, ...]
"""Table number and values without the resource's number: what ``resource.indexed`` keeps."""

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
        if row.parameter in NAMED and row.kind == "reference" and row.a.startswith("Patient/"):
            named.append((row.parameter, row.a[8:]))
    if not named:
        return "", 0
    patient = min(named, key=lambda pair: NAMED[pair[0]])[1]
    return patient, sum({NAMED[parameter] for parameter, target in named if target == patient})


def lines(stored: Stored, rows: Iterable[IndexRow], patient: str, names: Names) -> dict[Line, None]:
    """The rows of a resource, each once, in their order."""
    type_, result = stored.type, dict[Line, None]()
    known, systems = names.parameters, names.systems
    own = "Patient/" + patient if stored.type != "Patient" else ""
    for parameter, kind, a, b, c in rows:
        if kind == "reference" and parameter in NAMED and a == own:
            continue
        key = (type_, parameter, kind)
        pid = known.get(key)
        if pid is None:
            pid = names.pid(key)
        if kind in CODED:
            url = a or ""
            sid = systems.get(url)
            result[(TOKEN, pid, b or "", names.sid(url) if sid is None else sid)] = None
        elif kind == "reference":
            result[(REFERENCE, pid, a)] = None
        elif kind == "date":
            result[(DATE, pid, a, b)] = None
        elif kind in {"string", "uri"}:
            result[(STRING, pid, a)] = None
        else:
            result[(QUANTITY, pid, float(a), float(b), c or "")] = None
    return result


def vocabulary(type_: str, rows: Iterable[IndexRow], names: Names) -> tuple[set[Parameter], set[str]]:
    """The parameters and systems of rows that ``names`` does not know yet."""
    parameters = {(type_, row.parameter, row.kind) for row in rows} - names.parameters.keys()
    systems = {row.a or "" for row in rows if row.kind in CODED} - names.systems.keys()
    return parameters, systems


def place(line: Line, rid: int) -> tuple[Any, ...]:
    """A line as a row of its table."""
    table = line[0]
    if table == TOKEN:
        return (line[1], line[2], rid, line[3])
    if table == REFERENCE:
        return (line[1], line[2], rid)
    return (rid, *line[1:])
