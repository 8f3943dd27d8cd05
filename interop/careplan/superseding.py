"""Which plans another one says that it takes the place of (FHIR R4, CarePlan.replaces)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from interop.careplan.plan import NEVER, Given
from interop.careplan.saying import Reader
from interop.careplan.times import after, coming
from interop.fhir.references import local, versionless
from interop.fhir.shapes import dicts, text

Key = tuple[str, str, str]


def key(given: Given) -> Key:
    """Type, id and source."""
    return text(given.resource, "resourceType"), text(given.resource, "id"), given.source


def superseded(given: Iterable[Given], reader: Reader) -> set[Key]:
    """Plans of which another of the same source, that counts, has begun and is not provably earlier, says that it takes their
    place. Nobody replaces what another one wrote, itself, or what replaces it in turn."""
    plans = {key(each): each for each in given if text(each.resource, "resourceType") == "CarePlan"}
    replaces = {at: _named(each, plans, reader) for at, each in plans.items() if reader.standings.of(each.resource) != NEVER}
    return {old for new, named in replaces.items() for old in named if not _leads(old, new, replaces)}


def _named(plan: Given, plans: Mapping[Key, Given], reader: Reader) -> list[Key]:
    date = reader.origin(plan).date
    if coming(date, reader.now):
        return []
    literals = (local(versionless(text(each, "reference"))) for each in dicts(plan.resource, "replaces"))
    keys = ((*found, plan.source) for found in literals if found is not None)
    return [each for each in keys if each in plans and not (date and _later(plans[each], date, reader))]


def _later(plan: Given, date: str, reader: Reader) -> bool:
    """Whether a plan is provably later than a date: of the same day nobody knows."""
    said = reader.origin(plan).date
    return bool(said) and after(said, date)


def _leads(start: Key, end: Key, replaces: Mapping[Key, list[Key]]) -> bool:
    """Whether one plan replaces the other, by whatever steps."""
    seen, edge = {start}, [start]
    while edge:
        at = edge.pop()
        if at == end:
            return True
        further = [each for each in replaces.get(at, ()) if each not in seen]
        seen.update(further)
        edge += further
    return False
