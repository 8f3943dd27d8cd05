"""The text of a resource, for ``_text`` and ``_content`` (FHIR R4 search, section 3.1.1.4.20).

``_text`` is the narrative; ``_content`` the narrative and every element of type string or markdown, at any depth: names,
displays, notes, identifiers' values. Codes, URLs, dates and numbers have parameters of their own.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Any

from interop.fhir import facts

LIMIT = 262_144
"""Characters of a resource that are kept as text; what follows is not found."""
_INLINE = re.compile(r"</?(?:a|b|big|code|em|font|i|small|span|strong|sub|sup|tt|u)(?:\s[^<>]*)?/?>")
_TAG = re.compile(r"<[^<>]*>")
_WORDS = frozenset(("string", "markdown"))


def narrative(resource: dict[str, Any]) -> str:
    """The words of the narrative without its tags, blanks collapsed; '' where there is none."""
    text = resource.get("text")
    div = text.get("div") if isinstance(text, dict) else None
    return _plain(div) if isinstance(div, str) else ""


def content(resource: dict[str, Any]) -> str:
    """The words of the whole resource, blanks collapsed; '' where there are none."""
    found: list[str] = []
    pending: list[tuple[str, Any]] = [(str(resource.get("resourceType", "")), resource)]
    while pending:
        block, value = pending.pop()
        if isinstance(value, list):
            pending.extend((block, each) for each in reversed(value))
        elif block in _WORDS:
            if isinstance(value, str):
                found.append(value)
        elif isinstance(value, dict):
            said = value.get("resourceType") if block == "Resource" else None
            inside = _inside(said if isinstance(said, str) else block)
            if "div" in inside and isinstance(value.get("div"), str):
                found.append(_plain(value["div"]))
            pending.extend((inside[name], value[name]) for name in value if name in inside)
    return " ".join(" ".join(found).split())[:LIMIT]


@cache
def _inside(block: str) -> dict[str, str]:
    """The children that may hold words: name in JSON -> where they are described, or the primitive type itself."""
    found: dict[str, str] = {}
    for name, each in facts.block(block).items():
        type_ = "" if name.endswith("[x]") or each.path == "Reference.reference" else each.types[0]
        if type_ in _WORDS or type_ == "xhtml":
            found[name] = type_
        elif type_ and not facts.is_primitive(type_):
            found[name] = each.block
    return found


def _plain(div: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", _INLINE.sub("", div))).split())[:LIMIT]
