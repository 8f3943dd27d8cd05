"""What an operation of a FHIRPath Patch says: the parts of a Parameters (FHIR R4, fhirpatch.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from interop.errors import Problem
from interop.fhir import facts

KINDS = ("add", "insert", "delete", "replace", "move")


@dataclass(frozen=True, slots=True)
class Value:
    """A value to be set: of a datatype (``type``; ``shadow`` for a primitive's id and extensions), or a resource."""

    type: str
    content: Any
    shadow: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; what it does not say is '' or None. ``value`` is the part itself: what it holds depends on the element."""

    where: str
    kind: str
    path: str
    name: str
    value: dict[str, Any] | None
    index: int | None
    source: int | None
    destination: int | None


def operations(parameters: dict[str, Any]) -> list[Operation]:
    """The operations in order; raises Problem ``bad-patch``, ``where`` the FHIRPath of the parameter."""
    if not isinstance(parameters, dict) or parameters.get("resourceType") != "Parameters":
        raise Problem("bad-patch", detail="a Parameters resource is wanted")
    listed = parameters.get("parameter", [])
    if not isinstance(listed, list):
        raise Problem("bad-patch", where="Parameters.parameter", detail="an array is wanted")
    return [_operation(each, f"Parameters.parameter[{place}]") for place, each in enumerate(listed)]


def _operation(parameter: Any, where: str) -> Operation:
    if not isinstance(parameter, dict) or parameter.get("name") != "operation":
        raise Problem("bad-patch", where=where, detail="a parameter named operation is wanted")
    said = named(parameter, where)
    if len(said) != len(parts(parameter, where)):
        raise Problem("bad-patch", where=where, detail="a part stands there twice")
    kind = _text(said, "type", where)
    if kind not in KINDS:
        raise Problem("bad-patch", where=where, detail=f"type is none of {', '.join(KINDS)}")
    path, name = _text(said, "path", where), _text(said, "name", where)
    made = Operation(where, kind, path, name, said.get("value"), *(_number(said, each, where) for each in _NUMBERS))
    needed = {"add": ("name", "value"), "insert": ("index", "value"), "replace": ("value",), "move": ("source", "destination")}
    for each in ("path", *needed.get(kind, ())):
        if getattr(made, each) in ("", None):
            raise Problem("bad-patch", where=where, detail=f"{kind} needs the part {each}")
    return made


_NUMBERS = ("index", "source", "destination")


def parts(parameter: dict[str, Any], where: str) -> list[dict[str, Any]]:
    """The parts of a parameter; raises Problem ``bad-patch``."""
    listed = parameter.get("part", [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) and isinstance(each.get("name"), str) for each in listed):
        raise Problem("bad-patch", where=where, detail="parts with names are wanted")
    return listed


def named(parameter: dict[str, Any], where: str) -> dict[str, dict[str, Any]]:
    """The parts by name."""
    return {part["name"]: part for part in parts(parameter, where)}


def value_of(part: dict[str, Any], where: str) -> Value | None:
    """The value or resource of a part, None where it has parts of its own instead; raises Problem ``bad-patch`` for neither."""
    if isinstance(part.get("resource"), dict):
        return Value("Resource", part["resource"])
    keys = {key.removeprefix("_") for key in part if key.removeprefix("_").startswith("value")}
    if not keys and part.get("part"):
        return None
    element = facts.block("Parameters.parameter").get(next(iter(keys), ""))
    if len(keys) != 1 or element is None:
        raise Problem("bad-patch", where=where, detail="one value is wanted")
    (key,) = keys
    return Value(element.types[0], part.get(key), part.get("_" + key))


def _text(said: dict[str, dict[str, Any]], name: str, where: str) -> str:
    """A code or string; '' where the part is missing."""
    part = said.get(name, {})
    text = next((part[key] for key in ("valueString", "valueCode", "valueUri", "valueId") if key in part), "")
    if not isinstance(text, str) or (part and not text):
        raise Problem("bad-patch", where=where, detail=f"{name} is to be a string")
    return text


def _number(said: dict[str, dict[str, Any]], name: str, where: str) -> int | None:
    part = said.get(name)
    if part is None:
        return None
    number = next((part[key] for key in ("valueInteger", "valueUnsignedInt", "valuePositiveInt") if key in part), None)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise Problem("bad-patch", where=where, detail=f"{name} is to be a whole number from 0")
    return number
