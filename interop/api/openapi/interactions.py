"""The interactions of FHIR as OpenAPI operations: addresses, parameters, bodies and answers of each."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from interop.api.fhir.bodies import PATCHES
from interop.api.openapi.parts import Part, answer, answers, named, resource_content

ADDRESSES: Final = {
    "metadata": "/fhir/metadata",
    "system": "/fhir",
    "system-search": "/fhir/_search",
    "system-history": "/fhir/_history",
    "type": "/fhir/{type}",
    "type-search": "/fhir/{type}/_search",
    "type-history": "/fhir/{type}/_history",
    "instance": "/fhir/{type}/{{id}}",
    "instance-history": "/fhir/{type}/{{id}}/_history",
    "version": "/fhir/{type}/{{id}}/_history/{{version}}",
    "compartment": "/fhir/{type}/{{id}}/{{member}}",
    "compartment-search": "/fhir/{type}/{{id}}/{{member}}/_search",
}
"""Kind of address (``interop.api.fhir.routes``) -> where it is; ``{type}`` is filled in."""
LOOKS: Final = ("format", "pretty", "summary", "elements")
RESULTS: Final = ("count", "sort", "total", "include", "revinclude", "has", *LOOKS)
PAST: Final = ("count", "since", "at", *LOOKS[:2])


class Told(NamedTuple):
    """What an interaction is to a reader: a sentence, shared parameters, headers, body (``resource``, ``patch``, ``form``,
    ``bundle`` or ''), and the statuses of success with the type that comes back ('' = that of the address)."""

    why: str
    parameters: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    body: str = ""
    good: tuple[tuple[int, str | None], ...] = ((200, ""),)
    searched: bool = False


INTERACTIONS_TOLD: Final = {
    "capabilities": Told(
        "What the server can do.", ("mode", *LOOKS[:2]), (), "", ((200, "CapabilityStatement|TerminologyCapabilities"),)
    ),
    "history-system": Told("Versions of everything, newest first.", PAST, (), "", ((200, "Bundle"),)),
    "history-type": Told("Versions of all resources of the type, newest first.", PAST, (), "", ((200, "Bundle"),)),
    "history-instance": Told("Versions of the resource, newest first.", PAST, (), "", ((200, "Bundle"),)),
    "search-system": Told("Search of all types.", ("_type", *RESULTS), ("Prefer",), "", ((200, "Bundle"),), True),
    "search-type": Told("Search of the type.", RESULTS, ("Prefer",), "", ((200, "Bundle"),), True),
    "search-compartment": Told("Search of what is about one patient, encounter, practitioner, device or related person.",
                               RESULTS, ("Prefer",), "", ((200, "Bundle"),)),
    "batch": Told("A batch or a transaction.", LOOKS[:2], ("Prefer",), "bundle", ((200, "Bundle"),)),
    "create": Told("Keep a new resource under an id of the server's.", LOOKS[:2], ("IfNoneExist", "Prefer"), "resource",
                   ((201, ""), (200, ""))),
    "read": Told("The present version.", LOOKS, ("IfNoneMatch", "IfModifiedSince"), "", ((200, ""), (304, None))),
    "vread": Told("One version.", LOOKS),
    "update": Told("Replace the resource or make it.", LOOKS[:2], ("IfMatch", "IfNoneMatch", "Prefer"), "resource",
                   ((200, ""), (201, ""))),
    "patch": Told("Change the resource: JSON Patch, XML Patch or FHIRPath Patch.", LOOKS[:2], ("IfMatch", "Prefer"), "patch"),
    "delete": Told("Delete the resource; its history stays.", (), ("IfMatch",), "", ((204, None), (200, "OperationOutcome"))),
}  # fmt: skip
"""Interaction -> what is told of it."""
MEANT: Final = {200: "What was asked for.", 201: "It was made; Location names it.", 204: "It is done.", 304: "It has not changed."}


def told(interaction: str, kind: str, method: str, type: str, criteria: list[Part]) -> Part:
    """An interaction at an address as an OpenAPI operation; ``criteria`` are the search parameters of the type."""
    said = INTERACTIONS_TOLD[interaction]
    posted = method == "POST" and kind.endswith("search")
    conditional = kind == "type" and interaction in ("update", "patch", "delete")
    sought = criteria if (said.searched and not posted) or conditional else []
    parameters = [*_places(kind), *sought, *named(said.parameters if not posted else ()), *named(said.headers)]
    operation: Part = {
        "operationId": "-".join(
            each for each in (interaction, type, "post" if posted else "", "where" if conditional else "") if each
        ),
        "tags": [type or "System"],
        "summary": said.why + (" The one that the search finds is meant." if conditional else ""),
        "parameters": parameters,
        "responses": answers(*(answer(status, MEANT[status], None if of is None else of or type) for status, of in said.good)),
    }
    if body := _body("form" if posted else said.body, type):
        operation["requestBody"] = body
    return operation


def _places(kind: str) -> list[Part]:
    address = ADDRESSES[kind]
    return named(name for name in ("id", "version", "member") if f"{{{{{name}}}}}" in address)


def _body(kind: str, type: str) -> Part | None:
    content: dict[str, Any] = {}
    match kind:
        case "resource":
            content = resource_content(type)
        case "bundle":
            content = resource_content("Bundle")
        case "patch":
            content = {
                each: {"schema": {"type": ["object", "array"]} if each.endswith("json") else {"type": "string"}} for each in PATCHES
            }
        case "form":
            content = {
                "application/x-www-form-urlencoded": {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}
            }
        case _:
            return None
    return {"required": kind != "form", "content": content}
