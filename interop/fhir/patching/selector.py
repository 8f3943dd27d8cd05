"""Selectors of an XML Patch: the part of XPath that RFC 5261 allows, and no more, so that none can be costly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lxml import etree

from interop.errors import Problem

_NAME = r"[A-Za-z_][\w.\-]*"
_QNAME = rf"(?:{_NAME}:)?(?:{_NAME}|\*)"
_LITERAL = r"(?:\"[^\"]*\"|'[^']*')"
_TOKEN = re.compile(
    rf"(?P<slash>/)|(?P<attribute>@{_QNAME})|(?P<special>text\(\)|comment\(\)|node\(\)|processing-instruction\({_LITERAL}?\))"
    rf"|(?P<space>namespace::{_NAME})|(?P<name>{_QNAME})|(?P<self>\.(?!\.))"
    rf"|(?P<test>\[\s*(?:[1-9]\d{{0,5}}|(?:@?{_QNAME}|\.|text\(\))\s*=\s*{_LITERAL})\s*\])"
)
_LENGTH = 2000
_DEFAULT = "default_"


def select(root: etree._Element, selector: str, spaces: Mapping[str | None, str], where: str) -> list[Any]:
    """What a selector finds in the document of ``root``. Names without prefix are of the default namespace of ``spaces``.

    Raises Problem ``bad-patch`` for what RFC 5261 does not allow, or a prefix that is declared nowhere.
    """
    text = _xpath(selector.strip(), None in spaces)
    known = {prefix or _DEFAULT: space for prefix, space in spaces.items() if text is not None}
    try:
        found = root.getroottree().xpath(text or "", namespaces=known)
    except (etree.XPathError, ValueError):
        raise Problem("bad-patch", where=where, detail="sel is no selector of RFC 5261") from None
    return found if isinstance(found, list) else []


@lru_cache(maxsize=512)
def _xpath(selector: str, default: bool) -> str | None:
    """The selector as XPath from the root of the document; None where it is none of RFC 5261."""
    if not selector or len(selector) > _LENGTH:
        return None
    written = []
    at = 0
    while at < len(selector):
        found = _TOKEN.match(selector, at)
        if found is None or (found["slash"] and selector[found.end() : found.end() + 1] == "/"):
            return None
        at = found.end()
        text = found[0]
        if found["space"]:
            text = "namespace::" + text.partition("::")[2]
        elif default and found["name"]:
            text = _prefixed(text)
        elif default and found["test"] and text[1:].lstrip()[:1].isalpha() and not text[1:].lstrip().startswith("text()"):
            inside = text[1:].lstrip()
            name = re.match(_QNAME, inside)
            text = "[" + (_prefixed(name[0]) + inside[name.end() :] if name else inside)
        written.append(text)
    said = "".join(written)
    return said if said[:1] == "/" else "/" + said


def _prefixed(name: str) -> str:
    return name if ":" in name or name == "*" else f"{_DEFAULT}:{name}"
