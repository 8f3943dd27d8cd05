"""The text of a resource, for ``_text`` and ``_content`` (FHIR R4 search, section 3.1.1.4.20).

``_text`` is the narrative; ``_content`` the narrative and every element of type string or markdown, at any depth: names,
displays, notes, identifiers' values. Codes, URLs, dates and numbers have parameters of their own.
"""

from __future__ import annotations

import html
import re
from threading import Lock
from typing import Any

from interop.fhir import facts

LIMIT = 262_144
"""Characters of a resource that are kept as text; what follows is not found."""
_INLINE = re.compile(r"</?(?:a|b|big|code|em|font|i|small|span|strong|sub|sup|tt|u)(?:\s[^<>]*)?/?>")
_TAG = re.compile(r"<[^<>]*>")
DEPTH = 64
"""Elements within elements in which words are looked for."""

Inside = dict[str, Any]
"""The children that may hold words, by name in JSON: None for a string or markdown, ``_DIV`` for the narrative's, ``_RESOURCE`` for
a resource within a resource, else what is inside that child."""
_RESOURCE, _DIV, _NOTHING = Inside(), Inside(), Inside()
_KNOWN: dict[str, Inside] = {}
_LOCK = Lock()


def narrative(resource: dict[str, Any]) -> str:
    """The words of the narrative without its tags, blanks collapsed; '' where there is none."""
    text = resource.get("text")
    div = text.get("div") if isinstance(text, dict) else None
    return _plain(div) if isinstance(div, str) else ""


def content(resource: dict[str, Any]) -> str:
    """The words of the whole resource and of those within it, blanks collapsed; '' where there are none."""
    found: list[str] = []
    _gather(_RESOURCE, resource, found, 0)
    return " ".join(" ".join(found).split())[:LIMIT]


def _inside(block: str) -> Inside:
    found = _KNOWN.get(block)
    if found is None:
        with _LOCK:
            fresh: dict[str, Inside] = {}
            found = _learnt(block, fresh)
            _KNOWN.update(fresh)
    return found


def _learnt(block: str, fresh: dict[str, Inside]) -> Inside:
    """What is inside a block and all that it leads to, in ``fresh``: types contain each other, so the tables do."""
    known = _KNOWN.get(block) or fresh.get(block)
    if known is not None or block == "Resource":
        return known or _RESOURCE
    found = fresh[block] = Inside()
    for name, each in facts.block(block).items():
        type_ = "" if name.endswith("[x]") or each.path == "Reference.reference" else each.types[0]
        if type_ in ("string", "markdown"):
            found[name] = None
        elif type_ == "xhtml":
            found[name] = _DIV
        elif type_ and not facts.is_primitive(type_):
            found[name] = _learnt(each.block, fresh)
    return found


def _gather(inside: Inside, value: dict[str, Any], found: list[str], depth: int) -> None:
    if inside is _RESOURCE:
        kind = value.get("resourceType")
        inside = _inside(kind) if isinstance(kind, str) and kind in facts.resource_types() else {}
    for name, child in value.items():
        further = inside.get(name, _NOTHING)
        if further is _NOTHING:
            continue
        for each in child if child.__class__ is list else (child,):
            if isinstance(each, str):
                if further is None:
                    found.append(each)
                elif further is _DIV:
                    found.append(_plain(each))
            elif each.__class__ is dict and further is not None and depth < DEPTH:
                _gather(further, each, found, depth + 1)


def _plain(div: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", _INLINE.sub("", div))).split())[:LIMIT]
