"""What comes along with the matches of a search: ``_include`` and ``_revinclude`` (FHIR R4 search, 3.1.1.5.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import orjson

from interop.api.searching import Ground, Include, Query
from interop.api.services import Services
from interop.fhir import facts
from interop.fhir.references import local as literal_key
from interop.fhir.references import references
from interop.record.indexing import Indexing
from interop.store.decision import Decision
from interop.store.plan import ReadVersion, Search, Several
from interop.store.values import Stored
from interop.store.where import Any as AnyOf
from interop.store.where import Reference, Text, Where

MOST: Final = 1000
"""So many resources come along with one page at most."""
ROUNDS: Final = 10
"""So often ``:iterate`` follows what was included."""
_LOCAL: Final = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/([0-9]{1,18}))?")
Key = tuple[str, str]


class Along:
    """Gathers what comes along with one page, each resource once and none that is a match."""

    def __init__(self, services: Services, decision: Decision, ground: Ground, matches: list[Stored]) -> None:
        self._services, self._decision, self._ground = services, decision, ground
        self._known = {(match.type, match.id) for match in matches}
        self.found: list[Stored] = []
        self.complete = True

    async def follow(self, query: Query, matches: list[Stored]) -> None:
        """Include what the matches refer to and what refers to them; with ``:iterate`` again from there."""
        edge, includes, revincludes = matches, query.includes, query.revincludes
        for _ in range(ROUNDS):
            start = len(self.found)
            if includes:
                await self._refer(edge, includes)
            for revinclude in revincludes if edge else ():
                await self._referring(edge, revinclude)
            edge = self.found[start:]
            includes = [each for each in includes if each.iterate]
            revincludes = [each for each in revincludes if each.iterate]
            if not edge or not (includes or revincludes) or len(self.found) >= MOST:
                break
        else:
            self.complete = False
        self.complete = self.complete and len(self.found) <= MOST
        del self.found[MOST:]

    def _add(self, stored: Iterable[Stored]) -> None:
        for each in stored:
            if not each.deleted and (each.type, each.id) not in self._known:
                self._known.add((each.type, each.id))
                self.found.append(each)

    async def _refer(self, edge: list[Stored], includes: list[Include]) -> None:
        wanted: dict[Key, str] = {}
        canonical: dict[tuple[str, str], None] = {}
        for stored in edge:
            meant = [each for each in includes if each.source in ("", stored.type)]
            resource = orjson.loads(stored.body) if meant else {}
            for include in meant:
                for literal in _literals(self._services.indexing, resource, include.parameter):
                    found = _LOCAL.fullmatch(literal.removeprefix(self._ground.base + "/"))
                    if found is None:
                        canonical.update(dict.fromkeys((type_, literal) for type_ in self._canonical(include)))
                    elif include.target in ("", found[1]):
                        wanted[found[1], found[2]] = found[3] or wanted.get((found[1], found[2]), "")
        missing = [key for key in wanted if key not in self._known]
        self.complete = self.complete and len(missing) <= MOST
        for key in missing[:MOST]:
            if wanted[key]:
                self._add(await self._services.store.query(ReadVersion(self._decision, *key, int(wanted[key]))))
        self._add(await fetch(self._services, self._decision, [key for key in missing if key not in self._known]))
        await self._named(list(canonical))

    def _canonical(self, include: Include) -> tuple[str, ...]:
        """The types that a canonical of a parameter may name."""
        parameter = self._ground.known.parameter(include.source, include.parameter) if include.parameter != "*" else None
        targets = (include.target,) if include.target else parameter.targets if parameter is not None else ()
        return tuple(target for target in targets if getattr(self._ground.known.parameter(target, "url"), "type", "") == "uri")

    async def _named(self, names: list[tuple[str, str]]) -> None:
        """Resources by canonical URL; of several versions all come."""
        by_type: dict[str, list[Where]] = {}
        for type_, url in names[:MOST]:
            by_type.setdefault(type_, []).append(Text("url", url.partition("|")[0], "equals"))
        for type_, parts in by_type.items():
            found: list[Stored] = await self._services.store.query(Search(self._decision, type_, AnyOf(tuple(parts)), count=MOST))
            self._add(found)

    async def _referring(self, edge: list[Stored], include: Include) -> None:
        answered = self._ground.known.answered(include.source)
        codes = (
            [include.parameter]
            if include.parameter != "*"
            else [each for each, known in answered.items() if known.type == "reference"]
        )
        parts: list[Where] = []
        urls: dict[Key, str] = {}
        for each in edge:
            if getattr(self._ground.known.parameter(each.type, "url"), "type", "") == "uri":
                urls[each.type, each.id] = orjson.loads(each.body).get("url")
        for code in codes:
            reached = answered[code].targets
            targets = [each for each in edge if (not reached or each.type in reached) and include.target in ("", each.type)]
            if targets:
                local = [f"{each.type}/{each.id}" for each in targets]
                local += [url for each in targets if (url := urls.get((each.type, each.id)))]
                parts.append(Reference(code, tuple(local)))
        if parts:
            where = parts[0] if len(parts) == 1 else AnyOf(tuple(parts))
            found: list[Stored] = await self._services.store.query(Search(self._decision, include.source, where, count=MOST))
            self.complete = self.complete and len(found) <= MOST
            self._add(found)


def _literals(indexing: Indexing, resource: dict[str, Any], parameter: str) -> list[str]:
    """What the references of a parameter say ('*': all references), the versioned form where there is one."""
    if parameter == "*":
        return [literal for _, literal in references(resource)]
    return [row.a for row in indexing.rows_of(resource, parameter) if row.kind == "reference" and row.a[:1] != "#"]


async def referenced(services: Services, decision: Decision, matches: list[Stored]) -> list[Stored]:
    """What the matches refer to, no match itself, and is of a type that is in nobody's compartment: practitioners, places,
    organisations, Tasks."""
    personal, held = facts.compartment("Patient"), {(match.type, match.id) for match in matches}
    wanted: dict[Key, None] = {}
    for match in matches:
        wanted.update(dict.fromkeys(local(literal for _, literal in references(orjson.loads(match.body)))))
    keys = [key for key in wanted if key not in held and not personal.get(key[0]) and key[0] != "Patient"]
    return await fetch(services, decision, keys)


async def fetch(services: Services, decision: Decision, keys: list[Key]) -> list[Stored]:
    """The present versions of the first ``MOST`` of these resources that are there, by type and id."""
    if not keys:
        return []
    found: list[Stored] = await services.store.query(Several(decision, tuple(keys[:MOST])))
    return sorted(found, key=lambda stored: (stored.type, stored.id))


def local(literals: Iterable[str]) -> list[Key]:
    """Type and id of the references that lead to a resource of ours."""
    return [key for literal in literals if (key := literal_key(literal)) is not None]
