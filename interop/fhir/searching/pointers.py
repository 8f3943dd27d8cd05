"""Values that point elsewhere: references, canonicals, URIs (FHIR R4 search, sections 3.1.1.4.12 and 3.1.1.4.13)."""

from __future__ import annotations

from typing import Any

from interop.fhir.references import versionless
from interop.fhir.rows import IndexRow
from interop.fhir.searching.making import Convert, Make, Rows
from interop.fhir.searching.tokens import called, identified


def reference(parameter: str, _binding: str | None) -> Convert:
    """A Reference by its literal, without version first and, where it names one, as written; by its identifier and by what it
    is called. What is contained is no target of a search."""
    known = identified("identifier")(parameter, None)

    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, dict):
            literal = value.get("reference")
            if isinstance(literal, str) and literal and literal[0] != "#":
                rows.append(IndexRow(parameter, "reference", versionless(literal)))
                if "/_history/" in literal:
                    rows.append(IndexRow(parameter, "reference", literal))
            if "identifier" in value:
                known(value["identifier"], rows)
            if "display" in value:
                called(parameter, value["display"], rows)

    return convert


def canonical(kind: str) -> Make:
    """A URI or canonical; one with a version is found with and without it."""

    def make(parameter: str, _binding: str | None) -> Convert:
        def convert(value: Any, rows: Rows) -> None:
            if isinstance(value, str) and value and value[0] != "#":
                rows.append(IndexRow(parameter, kind, value))
                url, mark, _ = value.partition("|")
                if mark:
                    rows.append(IndexRow(parameter, kind, url))

        return convert

    return make


def resource(parameter: str, _binding: str | None) -> Convert:
    """A resource inside another (the first of a document) by type and id."""

    def convert(value: Any, rows: Rows) -> None:
        if isinstance(value, dict) and isinstance(value.get("id"), str) and isinstance(value.get("resourceType"), str):
            rows.append(IndexRow(parameter, "reference", f"{value['resourceType']}/{value['id']}"))

    return convert
