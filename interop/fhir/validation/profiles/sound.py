"""Definitions as they come from elsewhere: whether an ElementDefinition has the JSON that the compiler reads."""

from __future__ import annotations

from typing import Any

TEXT, TEXTS, OBJECTS = "text", "texts", "objects"
_ELEMENT = {
    "path": TEXT,
    "id": TEXT,
    "sliceName": TEXT,
    "max": TEXT,
    "contentReference": TEXT,
    "type": OBJECTS,
    "constraint": OBJECTS,
    "extension": OBJECTS,
}
_TYPE = {"code": TEXT, "profile": TEXTS, "targetProfile": TEXTS, "aggregation": TEXTS}
_CONSTRAINT = {"key": TEXT, "expression": TEXT, "human": TEXT, "severity": TEXT}
_BINDING = {"strength": TEXT, "valueSet": TEXT, "extension": OBJECTS}
_SLICING = {"rules": TEXT, "discriminator": OBJECTS}
_DISCRIMINATOR = {"type": TEXT, "path": TEXT}
_EXTENSION = {"url": TEXT}


def fault(element: Any) -> str:
    """The name of what is of the wrong kind in an ElementDefinition, '' where all that is read is sound."""
    if not isinstance(element, dict) or not isinstance(element.get("path"), str):
        return "path"
    least = element.get("min")
    if least is not None and (not isinstance(least, int) or isinstance(least, bool) or least < 0):
        return "min"
    parts: list[tuple[str, Any, dict[str, str]]] = [("element", element, _ELEMENT)]
    parts += [(name, element[name], kinds) for name, kinds in (("binding", _BINDING), ("slicing", _SLICING)) if name in element]
    for name, value, kinds in parts:
        if wrong := _wrong(value, kinds):
            return f"{name}.{wrong}".removeprefix("element.")
    inner = [("type", each, _TYPE) for each in element.get("type", ())]
    inner += [("constraint", each, _CONSTRAINT) for each in element.get("constraint", ())]
    inner += [("extension", each, _EXTENSION) for each in element.get("extension", ())]
    inner += [("discriminator", each, _DISCRIMINATOR) for each in element.get("slicing", {}).get("discriminator", ())]
    inner += [("binding", each, _EXTENSION) for each in element.get("binding", {}).get("extension", ())]
    return next((f"{name}.{wrong}" for name, each, kinds in inner if (wrong := _wrong(each, kinds))), "")


def _wrong(value: Any, kinds: dict[str, str]) -> str:
    """The first name of an object whose value is not of its kind; what is absent is of any."""
    if not isinstance(value, dict):
        return "(no object)"
    for name, kind in kinds.items():
        if name in value and not _is(value[name], kind):
            return name
    return ""


def _is(value: Any, kind: str) -> bool:
    if kind == TEXT:
        return isinstance(value, str)
    if not isinstance(value, list):
        return False
    return kind == OBJECTS or all(each is None or isinstance(each, str) for each in value)
