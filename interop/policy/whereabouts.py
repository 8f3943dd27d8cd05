"""People whose whereabouts nobody may learn: what is left out of what is about them, and what does not find them (whereabouts.csv).

A Patient is one whose label says so (labels.csv, column whereabouts), and whoever is linked with it. Address, numbers, kin and
practice are taken out of what is given, and no search by them finds the person, so that nobody can learn them by asking.
"""

from __future__ import annotations

import csv
import typing
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Final

from interop.fhir import facts
from interop.formats.json import load_json, write_json
from interop.store.where import About, All, Any, Chain, Has, Not, Types, Where

PARAMETER: Final = "hidden"
"""The access rows of such a Patient (``interop.policy.access``)."""
REDACTED: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED", "display": "redacted"}
"""The label of what something was taken out of (FHIR R4 security labels, 6.1.3.5)."""
MASKED: Final = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}
"""Stands for what was taken out where R4 demands that something is there."""
_SIZE: Final = 2**40
Json = dict[str, typing.Any]


class WhereaboutsRefused(ValueError):
    """The table names what R4 lacks."""


@cache
def _table() -> dict[str, dict[str, frozenset[str]]]:
    """Kind -> type -> names; type ``*`` holds for all."""
    found: dict[str, dict[str, set[str]]] = {"element": {}, "parameter": {}}
    text = files("interop.policy").joinpath("tables/whereabouts.csv").read_text("utf-8")
    for line, row in enumerate(csv.DictReader(text.splitlines()), 2):
        if row["kind"] not in found or (row["type"] != "*" and row["type"] not in facts.resource_types()) or not row["why"]:
            raise WhereaboutsRefused(f"whereabouts.csv, line {line}: kind, type or why")
        found[row["kind"]].setdefault(row["type"], set()).add(row["name"])
    return {kind: {type_: frozenset(names) for type_, names in rows.items()} for kind, rows in found.items()}


def redacted(body: bytes) -> bytes:
    """The JSON of a resource about such a person without what tells where they are, labelled as such. Numbers keep their digits."""
    resource: Json = _without(load_json(body, depth=_SIZE, size=_SIZE, values=None))
    meta = dict(resource.get("meta", {}))
    meta["security"] = [*meta.get("security", []), REDACTED]
    return write_json({**resource, "meta": meta})


def _without(resource: Json) -> Json:
    elements = _table()["element"]
    out = elements.get("*", frozenset()) | elements.get(str(resource.get("resourceType")), frozenset())
    kept = {name: value for name, value in resource.items() if name.removeprefix("_") not in out}
    for path in out:
        if "." in path:
            kept = _cut(kept, path.split("."))
    if "contained" in kept:
        kept["contained"] = [_without(each) for each in kept["contained"]]
    return {name: _unnamed(value) for name, value in kept.items()}


def _cut(value: typing.Any, path: list[str]) -> typing.Any:
    """A value without what a path leads to; what is empty then says that it is masked."""
    if isinstance(value, list):
        return [_cut(each, path) for each in value]
    if not isinstance(value, dict):
        return value
    name, rest = path[0], path[1:]
    made = {
        key: _cut(each, rest) if rest and key == name else each for key, each in value.items() if rest or key.strip("_") != name
    }
    return made or {"extension": [MASKED]}


def _unnamed(value: typing.Any) -> typing.Any:
    """References to kin without what they are called."""
    if isinstance(value, dict):
        kin = value.get("type") == "RelatedPerson" or "RelatedPerson/" in str(value.get("reference", ""))
        return {name: _unnamed(each) for name, each in value.items() if not (kin and name in ("display", "_display", "identifier"))}
    return [_unnamed(each) for each in value] if isinstance(value, list) else value


def tells(type: str, parameter: str) -> bool:
    """Whether a search parameter of a type ('' = of any) tells where somebody is."""
    parameters = _table()["parameter"]
    named = parameters.values() if not type else (parameters.get(type, frozenset()), parameters["*"])
    return any(parameter in names for names in named)


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
            return _shown(where if inner is part else Chain(parameter, target, inner), type, parameter, now)
        case Has(source, parameter, part):
            inner_or_none = guarded(part, source, now)
            has = where if inner_or_none is part else Has(source, parameter, inner_or_none)
            return _shown(has, source, parameter, now)
        case Types() | About():
            return where
    return _shown(where, type, getattr(where, "parameter", ""), now)


def _shown(where: Where, type: str, parameter: str, now: int) -> Where:
    return All((where, shown(now))) if parameter and tells(type, parameter) else where


def shown(now: int) -> Where:
    """Nobody whom the resource is about is hidden."""
    return Not(About(PARAMETER, (), now, every=False))
