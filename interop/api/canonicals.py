"""Conformance resources that clients have stored on this server, by canonical URL, under the Decision."""

from __future__ import annotations

from collections.abc import Iterable

from interop.fhir.canonicals import STRUCTURE_DEFINITION, bare
from interop.fhir.shapes import Json, dicts, text, texts
from interop.formats.json import load_json
from interop.store.decision import Decision
from interop.store.plan import Search
from interop.store.seam import Store
from interop.store.values import Stored
from interop.store.where import Any, Text

MOST = 200
"""Stored resources that one question may draw in."""
SUPPLEMENT = STRUCTURE_DEFINITION + "valueset-supplement"
Named = tuple[str, str]
"""Kind and canonical URL."""
Key = tuple[str, str, int]
"""Type, id and version of a stored resource."""


async def draw(store: Store, decision: Decision, wanted: Iterable[Named], given: Iterable[Json] = ()) -> dict[Key, Json]:
    """The stored resources of these names and, step by step, of those that they and ``given`` name in turn."""
    found: dict[Key, Json] = {}
    seen: set[Named] = set()
    waiting = {(kind, bare(url)): None for kind, url in wanted if url}
    for each in given:
        waiting |= _named(each)
    while waiting and len(seen) < MOST:
        seen.update(waiting)
        following: dict[Named, None] = {}
        for kind in sorted({kind for kind, _ in waiting}):
            for stored in await by_url(store, decision, kind, [url for known, url in waiting if known == kind]):
                resource = load_json(stored.body, values=None)
                found[kind, stored.id, stored.version] = resource
                following |= _named(resource)
        waiting = {each: None for each in following if each not in seen}
    return found


async def by_url(store: Store, decision: Decision, kind: str, urls: list[str], parameter: str = "url") -> list[Stored]:
    """The resources that ``parameter`` finds by one of these URLs, what was stored last at the end."""
    where = Any(tuple(Text(parameter, url, "equals") for url in urls))
    found: list[Stored] = await store.query(Search(decision, kind, where, count=MOST))
    return sorted(found[:MOST], key=lambda stored: stored.updated)


def _named(resource: Json) -> dict[Named, None]:
    return {(kind, bare(url)): None for kind, url in named(resource) if url}


def named(resource: Json) -> Iterable[Named]:
    """What a value set, code system or concept map names by canonical URL."""
    compose = resource.get("compose")
    for each in (*dicts(compose, "include"), *dicts(compose, "exclude")):
        yield "CodeSystem", text(each, "system")
        yield from (("ValueSet", url) for url in texts(each, "valueSet"))
    for each in dicts(resource, "extension"):
        if text(each, "url") == SUPPLEMENT:
            yield "CodeSystem", text(each, "valueCanonical")
    if text(resource, "resourceType") == "CodeSystem":
        yield "CodeSystem", text(resource, "supplements")
    for group in dicts(resource, "group"):
        yield "ConceptMap", text(group.get("unmapped"), "url")
