"""A part of a resource: ``_summary`` and ``_elements`` (FHIR R4 search, 3.1.1.5.9 and 3.1.1.5.10)."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from interop.errors import Problem
from interop.fhir import facts
from interop.fhir.canonicals import STRUCTURE_DEFINITION
from interop.formats.json import load_json, write_json

SUMMARIES: Final = ("true", "text", "data", "count", "false")
MOST: Final = 100
"""Names that ``_elements`` may hold."""
_TAG: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
_ALWAYS: Final = frozenset(("resourceType", "id", "meta"))
_ABSTRACT: Final = ("Resource", "DomainResource")


class Part(NamedTuple):
    """Which part of resources is wanted, as ``subset`` takes it; false for the whole."""

    summary: str = ""
    elements: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.elements) or self.summary not in ("", "false")

    def of(self, body: bytes, type: str) -> bytes:
        """That part of a resource."""
        return subset(body, type, self.summary, self.elements) if self else body


def part(name: str, value: str, before: Part) -> Part:
    """What a parameter adds to what others have said: ``_summary`` or ``_elements``; raises Problem ``bad-parameter``."""
    if name == "_elements":
        elements = tuple(each.strip() for each in value.split(",") if each.strip())
        if len(elements) > MOST:
            raise Problem("bad-parameter", where=name, detail=f"at most {MOST} elements")
        return before._replace(elements=before.elements + elements)
    if value not in SUMMARIES or value == "count":
        raise Problem("bad-parameter", where=name, detail="true, text, data or false is wanted")
    return before._replace(summary=value)


def subset(body: bytes, type: str, summary: str = "", elements: tuple[str, ...] = ()) -> bytes:
    """The resource ``body`` of type ``type`` with those elements that were asked for, tagged SUBSETTED; numbers keep their digits.

    ``summary``: ``true`` (what R4 marks as summary, at every depth, and what is mandatory), ``text`` (text and what is mandatory),
    ``data`` (all but text); anything else = all. ``elements``: names of elements of the resource, choices with or without their
    type; id, meta, mandatory and modifier elements come with them; ``Type.element`` holds for that type alone, and a type for
    which nothing is named comes whole. ``elements`` counts where both are given.
    """
    wanted = _wanted(type, elements)
    if wanted is None and (elements or summary not in ("true", "text", "data")):
        return body
    resource: dict[str, Any] = load_json(body, values=None)
    if wanted is not None:
        kept = _named(resource, wanted | _mandatory(type) | _modifiers(type))
    elif summary == "true":
        kept = _summarised(resource, type)
    elif summary == "text":
        kept = _named(resource, _mandatory(type) | {"text"})
    else:
        kept = {name: value for name, value in resource.items() if name not in ("text", "_text")}
    return write_json(_tagged(kept))


def _tagged(resource: dict[str, Any]) -> dict[str, Any]:
    meta = resource.get("meta", {})
    tags = meta.get("tag", [])
    if not any(tag.get("code") == _TAG["code"] and tag.get("system") == _TAG["system"] for tag in tags):
        resource["meta"] = {**meta, "tag": [*tags, _TAG]}
    return resource


def _named(resource: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name.removeprefix("_") in names or name in _ALWAYS}


@lru_cache(maxsize=512)
def _wanted(type: str, elements: tuple[str, ...]) -> frozenset[str] | None:
    """The names in JSON that are asked for, each form of a choice by itself; None where nothing is for this type."""
    named: set[str] = set()
    for element in elements:
        first, _, rest = element.partition(".")
        if first in facts.resource_types() or first in _ABSTRACT:
            if first not in (type, *_ABSTRACT):
                continue
            first = rest.partition(".")[0]
        named.add(first)
    if not named:
        return None
    return frozenset(_forms(type, named | {name + "[x]" for name in named}))


def _forms(type: str, names: Collection[str]) -> set[str]:
    """Those names and the forms of the choices among them."""
    return set(names) | {name for name, element in facts.block(type).items() if element.choice in names}


@cache
def _mandatory(block: str) -> frozenset[str]:
    return frozenset(_forms(block, facts.required(block)))


@cache
def _modifiers(type: str) -> frozenset[str]:
    """The elements that change what the others mean."""
    from interop.fhir.definitions import Definitions

    definition = Definitions.base().structure(STRUCTURE_DEFINITION + type) or {"snapshot": {"element": []}}
    paths = [each["path"] for each in definition["snapshot"]["element"] if each.get("isModifier")]
    return frozenset(_forms(type, [path.partition(".")[2] for path in paths if path.count(".") == 1]))


@cache
def _in_summary(block: str) -> dict[str, str]:
    """Elements of a summary by their name in JSON -> the block of their children, '' for all that is in them."""
    mandatory = _mandatory(block)
    kept = {name: each for name, each in facts.block(block).items() if each.summary or name in mandatory}
    return {name: "" if _whole(each) else each.block for name, each in kept.items()}


def _whole(element: facts.Element) -> bool:
    return element.name == "modifierExtension" or element.types[0] == "Resource" or facts.is_primitive(element.block)


def _summarised(content: dict[str, Any], block: str) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    known = _in_summary(block)
    for name, value in content.items():
        inside = known.get(name.removeprefix("_"))
        if inside is None and name not in _ALWAYS:
            continue
        if inside and isinstance(value, list):
            kept[name] = [_summarised(each, inside) if isinstance(each, dict) else each for each in value]
        else:
            kept[name] = _summarised(value, inside) if inside and isinstance(value, dict) else value
    return kept
