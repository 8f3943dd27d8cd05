"""What comes along with the matches of a search: ``_include`` and ``_revinclude``, one step (FHIR R4 search, 3.1.1.5.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from interop.api.searching import Query
from interop.api.services import Services
from interop.fhir import facts
from interop.fhir.references import references, versionless
from interop.fhir.searching import index_rows
from interop.store.decision import Decision
from interop.store.plan import Search
from interop.store.values import Stored
from interop.store.where import Ids, Reference

MOST = 1000
"""So many resources come along with one page at most."""
_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")
Key = tuple[str, str]


async def included(services: Services, decision: Decision, query: Query, matches: list[Stored]) -> tuple[list[Stored], bool]:
    """The resources that come along, each once and none that is a match; and whether there were more than ``MOST``."""
    wanted: dict[Key, None] = {}
    for include in query.includes:
        only = frozenset((include.parameter,))
        for match in matches:
            rows = index_rows(orjson.loads(match.body), only)
            for key in local(row.a for row in rows if row.kind == "reference"):
                if include.target in ("", key[0]):
                    wanted[key] = None
    known = {(match.type, match.id) for match in matches}
    found = await fetch(services, decision, [key for key in wanted if key not in known])
    complete = len(wanted) <= MOST
    known.update((stored.type, stored.id) for stored in found)
    targets = tuple(f"{match.type}/{match.id}" for match in matches)
    for include in query.revincludes if targets else ():
        plan = Search(decision, include.source, Reference(include.parameter, targets), count=MOST)
        pointing: list[Stored] = await services.store.query(plan)
        complete = complete and len(pointing) <= MOST
        found += [stored for stored in pointing if (stored.type, stored.id) not in known]
        known.update((stored.type, stored.id) for stored in pointing)
    return found[:MOST], complete and len(found) <= MOST


async def referenced(services: Services, decision: Decision, matches: list[Stored]) -> list[Stored]:
    """What the matches refer to and is of a type that is never about a patient: practitioners, places, organisations."""
    personal = facts.compartment("Patient")
    wanted: dict[Key, None] = {}
    for match in matches:
        wanted.update(dict.fromkeys(local(literal for _, literal in references(orjson.loads(match.body)))))
    return await fetch(services, decision, [key for key in wanted if not personal.get(key[0]) and key[0] != "Patient"])


async def fetch(services: Services, decision: Decision, keys: list[Key]) -> list[Stored]:
    """The present versions of the first ``MOST`` of these resources that are there, by type."""
    by_type: dict[str, list[str]] = {}
    for type_, id_ in keys[:MOST]:
        by_type.setdefault(type_, []).append(id_)
    found: list[Stored] = []
    for type_, ids in by_type.items():
        found += await services.store.query(Search(decision, type_, Ids(tuple(ids)), count=len(ids)))
    return found


def local(literals: Iterable[str]) -> list[Key]:
    """Type and id of the references that lead to a resource of ours."""
    found = (_LOCAL.fullmatch(versionless(literal)) for literal in literals)
    return [(each[1], each[2]) for each in found if each]
