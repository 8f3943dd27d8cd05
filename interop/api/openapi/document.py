"""The OpenAPI 3.1 document: every address, from the CapabilityStatement and the tables of what is routed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import orjson

from interop.api import links
from interop.api.asgi import JSON, Request, Response
from interop.api.build import NAME, software_version
from interop.api.fhir.capability import ABOUT, Statement, described, statement_of
from interop.api.fhir.routes import INTERACTIONS
from interop.api.forms import DEFAULT
from interop.api.openapi import engine
from interop.api.openapi.interactions import ADDRESSES, LOOKS, told
from interop.api.openapi.parts import HEADERS, ID, Part, answer, answers, named, parameter, resource_content
from interop.api.openapi.parts import described as response
from interop.api.operations.operation import INSTANCE, SYSTEM, TYPE, Operation
from interop.api.operations.registry import OPERATIONS
from interop.api.parts import check
from interop.api.problems import json_error, not_allowed
from interop.api.representation import shown
from interop.api.searching.compartments import COMPARTMENTS
from interop.api.services import Services
from interop.fhir import facts

TEXT: Final[Part] = {"type": "string"}
SHARED: Final[dict[str, tuple[str, str, Part]]] = {
    "format": ("_format", "The format of the answer.", {"enum": ["json", "xml", "application/fhir+json", "application/fhir+xml"]}),
    "pretty": ("_pretty", "Whether the answer has line breaks.", {"type": "boolean"}),
    "summary": ("_summary", "How much of each resource is given.", {"enum": ["true", "false", "text", "data", "count"]}),
    "elements": ("_elements", "Only these elements, commas between.", TEXT),
    "count": ("_count", "Resources of a page.", {"type": "integer", "minimum": 0}),
    "sort": ("_sort", "Parameters to sort by, commas between, - before one for descending.", TEXT),
    "total": ("_total", "Whether the total is wanted.", {"enum": ["none", "estimate", "accurate"]}),
    "include": ("_include", "What the matches refer to: Type:parameter or Type:parameter:Target.", TEXT),
    "revinclude": ("_revinclude", "What refers to the matches: Type:parameter.", TEXT),
    "has": ("_has", "A reverse chain goes on in the name: _has:Observation:patient:code=1234-5.", TEXT),
    "_type": ("_type", "Only these types, commas between.", TEXT),
    "since": ("_since", "Only versions from this instant on.", {"type": "string", "format": "date-time"}),
    "at": ("_at", "Only versions that were the present one then.", TEXT),
    "mode": ("mode", "Which statement is wanted.", {"enum": ["full", "normative", "terminology"]}),
}
"""Parameters of many interactions: name, what for, schema."""
SCHEMAS: Final[dict[str, Part]] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "positiveInt": {"type": "integer", "minimum": 1},
    "unsignedInt": {"type": "integer", "minimum": 0},
}
"""Primitive types of operations that JSON has as well."""


async def openapi(services: Services, request: Request) -> Response:
    """``GET /openapi.json``"""
    if request.method not in ("GET", "HEAD"):
        return json_error(*not_allowed(("GET", "HEAD")))
    check(services, request, "openapi.json")
    base = links.base(request, services.base)
    body = await services.knowledge.compute(lambda: _written(*_ground(services, base)))
    return shown(Response(200, body, JSON), DEFAULT, request)


async def present(services: Services, base: str) -> Part:
    """The document for a service base, shared and not to be changed."""
    return await services.knowledge.compute(lambda: _made(*_ground(services, base)))


def _ground(services: Services, base: str) -> tuple[Statement, bytes]:
    return statement_of(services, base), orjson.dumps(engine.paths(services))


@lru_cache(maxsize=4)
def _written(of: Statement, others: bytes) -> bytes:
    return orjson.dumps(document(of, orjson.loads(others)))


@lru_cache(maxsize=2)
def _made(of: Statement, others: bytes) -> Part:
    return document(of, orjson.loads(others))


def document(of: Statement, others: Part) -> Part:
    """The document; ``others`` are the paths outside of FHIR."""
    rest = described(of)["rest"][0]
    resources: list[Part] = rest["resource"]
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{NAME}: shared care record", "version": software_version(), "description": ABOUT},
        "servers": [{"url": of.base.removesuffix("/fhir")}],
        "tags": [
            {"name": "Engine"},
            {"name": "Other protocols"},
            {"name": "System"},
            *({"name": each["type"]} for each in resources),
        ],
        "paths": {**_system(rest), **{at: path for each in resources for at, path in _type(each).items()}, **others},
        "components": {
            "parameters": {
                **_shared(),
                **_headers(),
                **_criteria("", rest),
                **{key: said for each in resources for key, said in _criteria(each["type"], each).items()},
            },
            "schemas": {
                "Resource": _schema(""),
                **{each["type"]: _schema(each["type"]) for each in [*resources, {"type": "Parameters"}]},
            },
            "responses": {
                "Outcome": {"description": "What was wrong.", "content": resource_content("OperationOutcome")},
                "Problem": response("What was wrong.", "application/json"),
            },
        },
    }


def _system(rest: Part) -> Part:
    criteria = named(_criteria("", rest))
    found = _paths("", criteria, [kind for kind in ADDRESSES if "{type}" not in ADDRESSES[kind]])
    for each in OPERATIONS:
        if each.takes(SYSTEM, ""):
            methods = {method.lower(): _operation(each, SYSTEM, "", method, criteria) for method in each.methods}
            found[f"/fhir/${each.name}"] = methods
    return found


def _type(resource: Part) -> Part:
    type_ = resource["type"]
    criteria = named(_criteria(type_, resource))
    kinds = [kind for kind in ADDRESSES if "{type}" in ADDRESSES[kind] and (type_ in COMPARTMENTS or "compartment" not in kind)]
    found = _paths(type_, criteria, kinds)
    for operation in OPERATIONS:
        for level in (TYPE, INSTANCE):
            if operation.takes(level, type_):
                at = f"/fhir/{type_}/{{id}}/${operation.name}" if level == INSTANCE else f"/fhir/{type_}/${operation.name}"
                found[at] = {method.lower(): _operation(operation, level, type_, method, criteria) for method in operation.methods}
    return found


def _paths(type: str, criteria: list[Part], kinds: list[str]) -> Part:
    found: Part = {}
    for (kind, method), interaction in INTERACTIONS.items():
        if kind in kinds:
            at = ADDRESSES[kind].format(type=type)
            found.setdefault(at, {})[method.lower()] = told(interaction, kind, method, type, criteria)
    return found


def _operation(operation: Operation, level: str, type: str, method: str, criteria: list[Part]) -> Part:
    said: Part = {
        "operationId": "-".join(part for part in (operation.name, type, level, method.lower()) if part),
        "tags": [type or "System"],
        "summary": operation.why,
        "parameters": named(["id"]) if level == INSTANCE else [],
        "responses": answers(answer(202 if operation.lasting else 200, "The answer of the operation.", "")),
    }
    if operation.schema:
        plain = {"schema": {"type": "object", "externalDocs": {"url": operation.schema}}}
        said["responses"]["200"]["content"]["application/json"] = plain
    if method == "POST":
        said["requestBody"] = {"content": resource_content("Parameters")}
    else:
        inputs = [each for each in operation.inputs if each.primitive]
        said["parameters"] += [
            parameter(each.name, "query", each.why, SCHEMAS.get(each.type, TEXT), required=each.required) for each in inputs
        ]
        looks = [each for each in LOOKS if SHARED[each][0] not in {one.name for one in inputs}]
        said["parameters"] += [*(criteria if operation.searched else []), *named(looks)]
    return said


def _criteria(type: str, holder: Part) -> Part:
    """The search parameters of a type by key; ``_type`` is one of the shared ones."""
    return {f"{type}.{each['name']}": _criterion(each) for each in holder["searchParam"] if each["name"] != "_type"}


def _criterion(each: Part) -> Part:
    """A search parameter: it may be repeated, and all must then hold."""
    text = " ".join(part for part in (f"A search parameter of type {each['type']}.", each.get("documentation", "")) if part)
    return parameter(each["name"], "query", text, {"type": "array", "items": TEXT}) | {"style": "form", "explode": True}


def _shared() -> Part:
    found = {key: parameter(name, "query", text, schema) for key, (name, text, schema) in SHARED.items()}
    found["id"] = parameter("id", "path", "The id of the resource.", {"type": "string", "pattern": ID}, required=True)
    found["version"] = parameter("version", "path", "The number of the version.", {"type": "string", "pattern": ID}, required=True)
    found["member"] = parameter("member", "path", "A type of the compartment, or * for all.", TEXT, required=True)
    return found


def _headers() -> Part:
    return {key: parameter(name, "header", text, schema or TEXT) for key, (name, text, schema) in HEADERS.items()}


def _schema(type: str) -> Part:
    """A resource as far as OpenAPI can say it: its type and what it must hold; R4 says the rest."""
    required = [each.name for each in facts.children(type) if each.min and not each.choice] if type else []
    schema: dict[str, Any] = {
        "type": "object",
        "required": ["resourceType", *required],
        "properties": {"resourceType": {"const": type} if type else TEXT, "id": {"type": "string", "pattern": ID}},
    }
    if type:
        schema["externalDocs"] = {"url": f"http://hl7.org/fhir/R4/{type.lower()}.html"}
    return schema
