"""Whether elements have the shape that whoever reads a snapshot relies on: a package may hold anything."""

from __future__ import annotations

from typing import Any

from interop.fhir.definitions.unusable import Unusable

_TEXT = ("path", "id", "sliceName", "max", "contentReference")
_OBJECTS = ("type", "constraint")


def sound(elements: list[Any]) -> None:
    """Raises Unusable, naming the element, where one of them is malformed."""
    for each in elements:
        if not isinstance(each, dict) or not isinstance(each.get("path"), str):
            raise Unusable("an element of its snapshot has no path")
        if not _shaped(each):
            raise Unusable(f"{each['path']}: the element is malformed")


def _shaped(element: dict[str, Any]) -> bool:
    least = element.get("min", 0)
    return (
        all(isinstance(element.get(name, ""), str) for name in _TEXT)
        and isinstance(least, int)
        and all(_objects(element.get(name, [])) for name in _OBJECTS)
        and all(
            isinstance(each.get("key"), str) and isinstance(each.get("expression", ""), str)
            for each in element.get("constraint", ())
        )
        and all(
            isinstance(each.get("code", ""), str) and _texts(each, "profile") and _texts(each, "targetProfile")
            for each in element.get("type", ())
        )
        and _binding(element.get("binding", {}))
        and _slicing(element.get("slicing", {}))
    )


def _objects(said: Any) -> bool:
    return isinstance(said, list) and all(isinstance(each, dict) for each in said)


def _texts(type: dict[str, Any], name: str) -> bool:
    said = type.get(name, [])
    return isinstance(said, list) and all(isinstance(each, str) for each in said)


def _binding(said: Any) -> bool:
    return isinstance(said, dict) and isinstance(said.get("valueSet", ""), str) and isinstance(said.get("strength", ""), str)


def _slicing(said: Any) -> bool:
    if not isinstance(said, dict) or not _objects(said.get("discriminator", [])) or not isinstance(said.get("rules", ""), str):
        return False
    return all(isinstance(each.get(name, ""), str) for each in said.get("discriminator", ()) for name in ("type", "path"))
