"""Invariants of Bundle."""

from __future__ import annotations

from typing import Any

from interop.fhir.validation.invariants.native.reading import Native, has, objects
from interop.fhir.validation.structure.run import Json, Run


def _only_in(name: str, *types: str) -> Native:
    """An element of the Bundle that only some types have."""

    def test(value: Json, _: Run) -> bool | None:
        kind = value.get("type")
        return not has(value, name) or (kind in types if isinstance(kind, str) else None)

    return test


def _entries(name: str, types: frozenset[str]) -> Native:
    """An element of every entry that these types have and others have not."""

    def test(value: Json, _: Run) -> bool | None:
        kind, entries = value.get("type"), objects(value.get("entry", ()))
        if not isinstance(kind, str):
            return None if entries else True
        wanted = kind in types
        return all((name in each) == wanted for each in entries)

    return test


def _bdl_2(value: Json, _: Run) -> bool | None:
    kind = value.get("type")
    return not any("search" in each for each in objects(value.get("entry", ()))) or (
        kind == "searchset" if isinstance(kind, str) else None
    )


def _bdl_7(value: Json, _: Run) -> bool | None:
    if value.get("type") == "history":
        return True
    seen: set[tuple[Any, Any]] = set()
    for each in objects(value.get("entry", ())):
        url = each.get("fullUrl")
        if url is None and "_fullUrl" in each:
            return None
        if isinstance(url, str):
            resource = each.get("resource")
            meta = resource.get("meta") if isinstance(resource, dict) else None
            version = meta.get("versionId") if isinstance(meta, dict) else None
            one = url, version if isinstance(version, str) else ""
            if one in seen:
                return False
            seen.add(one)
    return True


def _first(kind: str, wanted: str) -> Native:
    """The first entry of a Bundle of that type holds a resource of that type."""

    def test(value: Json, _: Run) -> bool | None:
        if value.get("type") != kind:
            return True if "type" in value else None
        entries = objects(value.get("entry", ()))
        resource = entries[0].get("resource") if entries else None
        return isinstance(resource, dict) and resource.get("resourceType") == wanted

    return test


def _bdl_9(value: Json, _: Run) -> bool | None:
    if value.get("type") != "document":
        return True if "type" in value else None
    identifier = value.get("identifier")
    return isinstance(identifier, dict) and has(identifier, "system") and has(identifier, "value")


def _bdl_10(value: Json, _: Run) -> bool | None:
    if value.get("type") != "document":
        return True if "type" in value else None
    return "timestamp" in value


BUNDLE: dict[str, Native] = {
    "bdl-1": _only_in("total", "searchset", "history"),
    "bdl-2": _bdl_2,
    "bdl-3": _entries("request", frozenset({"batch", "transaction", "history"})),
    "bdl-4": _entries("response", frozenset({"batch-response", "transaction-response", "history"})),
    "bdl-5": lambda value, _: "resource" in value or "request" in value or "response" in value,
    "bdl-7": _bdl_7,
    "bdl-8": lambda value, _: "/_history/" not in str(value.get("fullUrl", "")),
    "bdl-9": _bdl_9,
    "bdl-10": _bdl_10,
    "bdl-11": _first("document", "Composition"),
    "bdl-12": _first("message", "MessageHeader"),
}
