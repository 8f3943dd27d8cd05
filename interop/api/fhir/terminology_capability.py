"""TerminologyCapabilities: which code systems are known and what can be asked of them (``/metadata?mode=terminology``)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from interop.api.build import DATE, NAME, software_version
from interop.api.knowledge import Knowledge
from interop.api.operations.registry import OPERATIONS
from interop.fhir.shapes import dicts, text


@lru_cache(maxsize=8)
def terminology_statement(knowledge: Knowledge, base: str) -> bytes:
    """The statement as bytes; reads every code system the first time."""
    (expand,) = (each for each in OPERATIONS if each.name == "expand")
    return orjson.dumps(
        {
            "resourceType": "TerminologyCapabilities",
            "name": "InteropTerminology",
            "status": "active",
            "date": DATE,
            "kind": "instance",
            "software": {"name": NAME, "version": software_version()},
            "implementation": {"description": "Shared care record: R4, packages, releases, and what is stored", "url": base},
            "codeSystem": _systems(knowledge),
            "expansion": {
                "hierarchical": False,
                "paging": True,
                "incomplete": False,
                "parameter": [{"name": each.name, "documentation": each.why} for each in expand.inputs if each.primitive],
                "textFilter": "Each word is in the display or the code, without case.",
            },
            "codeSearch": "all",
            "validateCode": {"translations": False},
            "translation": {"needsMap": True},
        }
    )


def _systems(knowledge: Knowledge) -> list[dict[str, Any]]:
    systems: dict[str, dict[str, Any]] = {}
    for url in sorted(knowledge.definitions.every("CodeSystem")):
        resource = knowledge.definitions.resource("CodeSystem", url)
        if not dicts(resource, "concept") or text(resource, "content") == "supplement":
            continue
        systems[url] = _system(url, text(resource, "version"), text(resource, "hierarchyMeaning") in ("", "is-a"))
    for release in knowledge.releases:
        systems[release.url] = _system(release.url, release.version, True)
    return list(systems.values())


def _system(url: str, version: str, subsumption: bool) -> dict[str, Any]:
    versions = {"version": [{"code": version}]} if version else {}
    return {"uri": url, **versions, "subsumption": subsumption}
