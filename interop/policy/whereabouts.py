"""People whose whereabouts nobody may learn: what is left out of what is about them, and what does not find them (whereabouts.csv).

A Patient is one whose label says so (labels.csv, column whereabouts), and whoever is linked with it. Address, numbers, kin,
practice and places are taken out of what is given (``redaction``), and no search by them finds the person: nobody learns them by
asking.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Final

from interop.fhir import facts
from interop.fhir.references import literal_type
from interop.formats.json import load_json, write_json
from interop.policy.redaction import PLACE, may_be_place, without_whereabouts
from interop.policy.tables import Rows, packaged
from interop.store.where import About, All, Any, Chain, Has, Not, Reference, Text, Token, Types, Where

PARAMETER: Final = "hidden"
"""The access rows of such a Patient (``interop.policy.access``)."""
REDACTED: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED", "display": "redacted"}
"""The label of what something was taken out of (FHIR R4 security labels, 6.1.3.5)."""
LIST: Final = "_list"
"""A parameter of every type, which R4's definitions give to none; it tells nothing of it."""
PEOPLE: Final = ("Patient", "Person", "RelatedPerson")
"""Who has an address: nobody is put in an order of which it is not known what it tells."""
NAMED: Final = ("patient", "subject")
"""Parameters by which a person is found: where they name somebody, they lead to no place."""
_SIZE: Final = 2**40


class WhereaboutsRefused(ValueError):
    """The table names what R4 lacks."""


Whereabouts = dict[str, dict[str, frozenset[str]]]
"""Kind -> type -> names; type ``*`` holds for all."""


@cache
def _table() -> Whereabouts:
    return read_whereabouts(packaged("whereabouts"))


def read_whereabouts(rows: Rows) -> Whereabouts:
    """The table. Raises WhereaboutsRefused for a row of no kind, of a type that R4 lacks, or without a reason."""
    found: dict[str, dict[str, set[str]]] = {"element": {}, "parameter": {}}
    for line, row in enumerate(rows, 2):
        if row["kind"] not in found or row["type"] not in ("*", *facts.resource_types()) or not row["why"]:
            raise WhereaboutsRefused(f"whereabouts.csv, line {line}: kind, type or why")
        found[row["kind"]].setdefault(row["type"], set()).add(row["name"])
    return {kind: {type_: frozenset(names) for type_, names in rows.items()} for kind, rows in found.items()}


def redacted(body: bytes) -> bytes:
    """The JSON of a resource about such a person without what tells where they are, labelled as such. Numbers keep their digits."""
    resource = without_whereabouts(load_json(body, depth=_SIZE, size=_SIZE, values=None), _listed)
    meta = dict(resource.get("meta", {}))
    meta["security"] = [*meta.get("security", []), REDACTED]
    return write_json({**resource, "meta": meta})


@cache
def _listed(type: str) -> tuple[str, ...]:
    elements = _table()["element"]
    return tuple(sorted(elements.get("*", frozenset()) | elements.get(type, frozenset())))


def tells(type: str, parameter: str) -> bool:
    """Whether a search parameter of a type ('' = of any) tells where somebody is; of one that R4 does not have it is not known what
    it tells."""
    if type and parameter not in (LIST, *NAMED) and parameter not in facts.search_parameters(type):
        return True
    parameters = _table()["parameter"]
    named = parameters.values() if not type else (parameters.get(type, frozenset()), parameters["*"])
    return any(parameter in names for names in named)


def orders(type: str, parameter: str) -> bool:
    """Whether the order by a search parameter tells it, or by the place that it leads to."""
    if type not in PEOPLE and parameter not in facts.search_parameters(type):
        return False
    return tells(type, parameter) or (parameter not in NAMED and may_be_place(type, parameter))


def guarded(where: Where | None, type: str, now: int) -> Where | None:
    """The question, so that whoever is hidden meets no part of it that tells where they are; the same object where none does."""
    return None if where is None else _guarded(where, type, now)


def _guarded(where: Where, type: str, now: int) -> Where:
    match where:
        case All(parts) | Any(parts):
            made = tuple(_guarded(part, type, now) for part in parts)
            same = all(one is other for one, other in zip(made, parts, strict=True))
            return where if same else replace(where, parts=made)
        case Not(part):
            inner = _guarded(part, type, now)
            return where if inner is part else Not(inner)
        case Chain(parameter, target, part):
            inner = _guarded(part, target, now)
            return _shown(where if inner is part else Chain(parameter, target, inner), type, parameter, now, target == PLACE)
        case Has(source, parameter, part):
            before = guarded(part, source, now)
            if tells(source, parameter) or (type in (PLACE, "") and may_be_place(source, parameter)):
                return Has(source, parameter, shown(now) if before is None else All((before, shown(now))))
            return where if before is part else Has(source, parameter, before)
        case Reference(parameter, targets):
            return _shown(where, type, parameter, now, any(literal_type(target) == PLACE for target in targets))
        case Text(parameter, kind="text") | Token(parameter, kind="identifier"):
            return _shown(where, type, parameter, now, parameter not in NAMED and may_be_place(type, parameter))
        case Types() | About():
            return where
    return _shown(where, type, getattr(where, "parameter", ""), now)


def _shown(where: Where, type: str, parameter: str, now: int, place: bool = False) -> Where:
    return All((where, shown(now))) if place or (parameter and tells(type, parameter)) else where


def shown(now: int) -> Where:
    """Nobody whom the resource is about is hidden."""
    return Not(About(PARAMETER, (), now, every=False))
