"""What both ways share: for each block of R4 its elements in the standard's order and how XML writes each (FHIR R4, xml.html)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from interop.fhir import facts
from interop.fhir.canonicals import FHIR, XHTML
from interop.formats.json import MAGNITUDE, Number

TEXT, BOOLEAN, NUMBER, COMPLEX, RESOURCE, DIV, ATTRIBUTE = range(7)
_KINDS = {"boolean": BOOLEAN, "decimal": NUMBER, "integer": NUMBER, "positiveInt": NUMBER, "unsignedInt": NUMBER, "xhtml": DIV}
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,9})?")
_PLAIN_DIGITS = 18


@dataclass(slots=True)
class Field:
    """An element of a block. ``rank`` is its place in the block; both forms of a choice have ranks of their own."""

    name: str
    kind: int
    many: bool
    rank: int
    inside: str
    shadow: str
    _block: Block | None = None

    @property
    def block(self) -> Block:
        """The block of its children: for a primitive its id and extensions."""
        if self._block is None:
            self._block = block(self.inside)
        return self._block


@dataclass(slots=True)
class Block:
    """Elements by their tag in XML, by their name in JSON and, where primitive, by ``_name``; ``attributes`` by name."""

    name: str
    tags: dict[str, Field] = field(default_factory=dict)
    members: dict[str, Field] = field(default_factory=dict)
    attributes: dict[str, Field] = field(default_factory=dict)


@cache
def block(name: str) -> Block:
    """The plan of a type or backbone block, by the name that ``interop.fhir.facts`` gives it."""
    made = Block(name)
    resource = facts.kind(name) == "resource"
    for rank, (key, element) in enumerate(facts.block(name).items()):
        if not element.block:
            continue
        datatype = element.types[0]
        kind = _kind(datatype)
        if (key == "id" and not resource) or (key == "url" and name == "Extension"):
            kind = ATTRIBUTE
        shadow = "_" + key if kind in (TEXT, BOOLEAN, NUMBER) else ""
        made.members[key] = each = Field(key, kind, element.max is None or element.max > 1, rank, element.block, shadow)
        if kind == ATTRIBUTE:
            made.attributes[key] = each
            continue
        made.tags[f"{{{XHTML if kind == DIV else FHIR}}}{key}"] = each
        if shadow:
            made.members[shadow] = each
    return made


def _kind(datatype: str) -> int:
    if datatype == "Resource":
        return RESOURCE
    return _KINDS.get(datatype, TEXT) if facts.is_primitive(datatype) else COMPLEX


@cache
def known_resource(name: str) -> bool:
    """Whether the name is of a concrete resource type of R4."""
    return name in facts.resource_types()


def value_of(text: str, kind: int) -> Any:
    """The JSON value of a value attribute; text that JSON cannot write as a number or boolean stays text."""
    if kind == TEXT:
        return text
    if kind == BOOLEAN:
        return text == "true" if text in ("true", "false") else text
    if not _NUMBER.fullmatch(text):
        return text
    if len(text) <= _PLAIN_DIGITS and text != "-0" and (text.isdigit() or text[1:].isdigit()):
        return int(text)
    number = Number(text)
    return number if abs(number.adjusted()) <= MAGNITUDE else text
