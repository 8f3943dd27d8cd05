"""The CapabilityStatement: what is routed and indexed, no more and no less."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson

from interop.api import links
from interop.api.asgi import Request, Response
from interop.api.build import DATE, NAME, software_version
from interop.api.fhir.routes import SYSTEM_INTERACTIONS, TYPE_INTERACTIONS, resource_types
from interop.api.operations.operation import INSTANCE, TYPE
from interop.api.operations.registry import OPERATIONS
from interop.api.searching.standing import known
from interop.api.services import Services

NOTES = {
    "string": "Case and accents are never regarded, also with :exact.",
    "date": "All prefixes. ap reaches a tenth of the distance from now.",
    "person": "Finds whatever is about the same person, whichever of the person's Patients is named.",
}


async def capabilities(services: Services, request: Request) -> Response:
    """``GET [base]/metadata``"""
    return Response(200, statement(services.parameters, links.base(request, services.base)))


@lru_cache(maxsize=8)
def statement(indexed: Callable[[str], frozenset[str]], base: str) -> bytes:
    """The statement for a server at ``base``."""
    ground = known(indexed)
    types = sorted(resource_types())
    answered = {each: ground.answered(each) for each in types}
    pointing: dict[str, list[str]] = {each: [] for each in types}
    for source in types:
        for code, parameter in answered[source].items():
            if parameter.type == "reference":
                for target in parameter.targets or types:
                    if target in pointing:
                        pointing[target].append(f"{source}:{code}")
    return orjson.dumps(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": DATE,
            "kind": "instance",
            "software": {"name": NAME, "version": software_version()},
            "implementation": {"description": "Shared care record", "url": base},
            "fhirVersion": "4.0.1",
            "format": ["application/fhir+json", "json"],
            "rest": [
                {
                    "mode": "server",
                    "documentation": "Resources that feeds contribute are read only; resources of the API can be written.",
                    "resource": [_resource(each, answered[each], sorted(pointing[each])) for each in types],
                    "interaction": [{"code": code} for code in SYSTEM_INTERACTIONS],
                }
            ],
        }
    )


def _resource(type: str, answered: dict[str, Any], pointing: list[str]) -> dict[str, Any]:
    parameters = [
        {"name": "_id", "definition": _definition("Resource", "_id"), "type": "token"},
        {"name": "_lastUpdated", "definition": _definition("Resource", "_lastUpdated"), "type": "date"},
    ]
    for code, parameter in answered.items():
        said = {"name": code, "type": parameter.type}
        note = "person" if code in ("patient", "subject") else parameter.type
        if note in NOTES:
            said["documentation"] = NOTES[note]
        parameters.append(said)
    includes = [f"{type}:{code}" for code, parameter in answered.items() if parameter.type == "reference"]
    described: dict[str, Any] = {
        "type": type,
        "interaction": [{"code": code} for code in TYPE_INTERACTIONS],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": False,
        "conditionalRead": "full-support",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical"],
        "searchInclude": includes,
        "searchRevInclude": pointing,
        "searchParam": parameters,
        "operation": [
            {"name": each.name, "definition": each.definition}
            for each in OPERATIONS
            if each.takes(INSTANCE, type) or each.takes(TYPE, type)
        ],
    }
    return {name: value for name, value in described.items() if value != []}


def _definition(base: str, code: str) -> str:
    return f"http://hl7.org/fhir/SearchParameter/{base}-{code.removeprefix('_')}"
