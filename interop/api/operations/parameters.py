"""Parameters in and out: from the URL, from a Parameters resource, from a resource alone (FHIR R4 operations, 3.2.0.2)."""

from __future__ import annotations

from typing import Any

from interop.api.asgi import Request, Response, parameters
from interop.api.fhir.bodies import expanded, resource_body
from interop.api.forms import parts as parts_of
from interop.api.operations.inputs import Inputs
from interop.api.operations.operation import Input, Operation
from interop.api.paging import CURSOR, legible
from interop.api.services import QUERY_LIMIT, Services
from interop.errors import Problem
from interop.fhir.findings import ERROR, Finding
from interop.fhir.shapes import Json, chosen, dicts, text
from interop.fhir.validation.structure import check_value
from interop.formats.json import load_json, write_json

SHOWING = frozenset(("_format", "_pretty", "_summary", "_elements"))
"""Parameters of how the answer is to look, which every operation takes (FHIR R4 operations, 3.2.0.2)."""
FORM = "application/x-www-form-urlencoded"
LIKE_TEXT = frozenset(("string", "uri", "url", "canonical", "code", "id", "markdown", "oid", "uuid"))
LIKE_NUMBER = frozenset(("integer", "positiveInt", "unsignedInt"))
LIKE_TIME = frozenset(("date", "dateTime", "instant"))
_KINDS = (LIKE_TEXT, LIKE_NUMBER, LIKE_TIME)


class BadInput(Problem):
    """A parameter at fault; ``findings`` names its place in the Parameters resource."""

    def __init__(self, name: str, place: str, detail: str) -> None:
        super().__init__("bad-parameter", where=legible(name), detail=detail)
        self.findings = [Finding(ERROR, place, self.reason.issue, f"{legible(name)}: {detail}")] if place else []

    def __reduce__(self) -> tuple[object, ...]:
        return (Problem, ("bad-parameter",))


async def read(services: Services, request: Request, operation: Operation) -> Inputs:
    """What the request tells the operation. Raises Problem ``bad-parameter`` with the name of the parameter at fault,
    ``media-type``, and those of reading a body."""
    inputs = Inputs()
    known = {each.name: each for each in operation.inputs}
    pairs = list(request.query)
    content: Any = None
    if request.method == "POST" and parts_of(request.header(b"content-type").lower())[0] == FORM:
        pairs += parameters(await expanded(request, QUERY_LIMIT))
    elif request.method == "POST":
        content = await _body(services, request)
    for name, value in pairs:
        _in_url(inputs, operation, known, name, value)
    inputs.pairs = [pair for pair in pairs if pair[0] not in SHOWING]
    if content is not None:
        _in_body(inputs, operation, known, content)
    for each in operation.inputs:
        if each.required and each.name not in inputs:
            raise BadInput(each.name, "", "it is required")
        if not each.many and len(inputs.every(each.name)) > 1:
            raise BadInput(each.name, "", "it is given more than once")
    return inputs


async def _body(services: Services, request: Request) -> Any:
    """The resource in the body, or None where there is none."""
    if request.header(b"content-length") in ("", "0") and not request.header(b"transfer-encoding"):
        return None
    return load_json(await resource_body(services, request))


def _in_url(inputs: Inputs, operation: Operation, known: dict[str, Input], name: str, value: str) -> None:
    said = known.get(name)
    if said is not None:
        if not said.primitive:
            raise BadInput(name, "", "it cannot stand in a URL: send a Parameters resource by POST")
        for each in value.split(",") if said.many and said.type == "code" else [value]:
            _take(inputs, said, _typed(said, each.replace(" ", "+") if said.type in LIKE_TIME else each), "")
    elif name == CURSOR and operation.paged:
        inputs.cursor = value
    elif operation.searched:
        if name not in SHOWING:
            inputs.criteria.append((name, value))
    elif name not in SHOWING:
        raise BadInput(name, "", "the operation has no such parameter")


def _typed(said: Input, value: str) -> Any:
    if said.type == "boolean" and value in ("true", "false"):
        return value == "true"
    if said.type in LIKE_NUMBER and value.removeprefix("-").isascii() and value.removeprefix("-").isdigit() and len(value) < 12:
        return int(value)
    return value


def _take(inputs: Inputs, said: Input, value: Any, place: str) -> None:
    try:
        found = check_value(value, said.type)
    except KeyError:
        found = None
    wrong = [each for each in found or () if each.severity == ERROR]
    if wrong:
        raise BadInput(said.name, place and f"{place}.value", f"as {said.type} it {wrong[0].message}")
    inputs.add(said.name, value)


def _in_body(inputs: Inputs, operation: Operation, known: dict[str, Input], content: Any) -> None:
    kind = text(content, "resourceType")
    if kind != "Parameters":
        resources = [each for each in operation.inputs if each.resource]
        if not kind or len(resources) != 1 or resources[0].type not in ("Resource", kind):
            raise Problem("bad-parameter", where="resourceType", detail="the body is no Parameters resource")
        inputs.add(resources[0].name, content)
        return
    for place, each in enumerate(dicts(content, "parameter")):
        name, at = text(each, "name"), f"Parameters.parameter[{place}]"
        said = known.get(name)
        if said is not None:
            _one(inputs, said, each, at)
        elif operation.searched and isinstance(value := (chosen(each, "value") or ("", None))[1], str):
            inputs.criteria.append((name, value))
        else:
            raise BadInput(name, at, "the operation has no such parameter")


def _one(inputs: Inputs, said: Input, each: Json, at: str) -> None:
    if said.resource:
        resource = each.get("resource")
        if not isinstance(resource, dict) or said.type not in ("Resource", text(resource, "resourceType")):
            raise BadInput(said.name, at, f"a resource ({said.type}) is wanted")
        inputs.add(said.name, resource)
        return
    if not said.type:
        parts = Inputs()
        for part in dicts(each, "part"):
            parts.add(text(part, "name"), part.get("resource") or (chosen(part, "value") or ("", None))[1])
        inputs.add(said.name, parts)
        return
    value = chosen(each, "value")
    if value is None:
        raise BadInput(said.name, at, f"a value ({said.type}) is wanted")
    kind = value[0][0].lower() + value[0][1:]
    if value[0] != said.type and kind != said.type and not any(kind in alike and said.type in alike for alike in _KINDS):
        raise BadInput(said.name, at, f"it is of the type {said.type}")
    many = said.many and said.type == "code" and isinstance(value[1], str)
    for one in value[1].split(",") if many else [value[1]]:
        _take(inputs, said, one, at)
    if isinstance(value[1], str):
        inputs.pairs.append((said.name, value[1]))


Said = tuple[str, str, Any]
"""Name, ``value[x]`` (or ``resource``, ``part``) and value; None for a value that is not told."""


def as_parameters(*said: Said) -> Json:
    """A Parameters resource."""
    return {"resourceType": "Parameters", "parameter": parts(*said)}


def parts(*said: Said) -> list[Json]:
    """Parameters, or parts of one; those without a value are left out."""
    return [{"name": name, form: value} for name, form, value in said if value is not None and value != ""]


def resource(content: Json) -> Response:
    """A resource as the answer."""
    return Response(200, write_json(content))
