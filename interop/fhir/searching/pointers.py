"""Values that point elsewhere: references, canonicals, URIs (FHIR R4 search, sections 3.1.1.4.12 and 3.1.1.4.13)."""

from __future__ import annotations

from typing import Any

from interop.fhir.references import versionless
from interop.fhir.searching.making import Convert, Rows
from interop.fhir.searching.tokens import called, identified


def reference(value: Any, rows: Rows) -> None:
    """A Reference by its literal, without version first and, where it names one, as written; by its identifier and by what it
    is called. What leads to a contained resource (``#m``) is kept, though no search asks for it."""
    if isinstance(value, dict):
        literal = value.get("reference")
        if isinstance(literal, str) and literal:
            rows.append(("reference", versionless(literal), None, None))
            if "/_history/" in literal:
                rows.append(("reference", literal, None, None))
        if "identifier" in value:
            identified(value["identifier"], "identifier", rows)
        if "display" in value:
            called(value["display"], rows)


def canonical(kind: str) -> Convert:
    """A URI or canonical; one with a version is found with and without it and, of a reference, below each part of the version."""

    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, str) and value:
            rows.append((kind, value, None, None))
            url, mark, version = value.partition("|")
            if mark:
                rows.append((kind, url, None, None))
            if kind == "reference":
                steps = version.split(".") if mark else []
                above = [f"{url}|{'.'.join(steps[:each])}" for each in range(len(steps), 0, -1)]
                rows.extend(("below", "", each, None) for each in (*above, url))

    return convert


def resource(value: Any, rows: Rows) -> None:
    """A resource inside another (the first of a document) by type and id."""
    if isinstance(value, dict) and isinstance(value.get("id"), str) and isinstance(value.get("resourceType"), str):
        rows.append(("reference", f"{value['resourceType']}/{value['id']}", None, None))
