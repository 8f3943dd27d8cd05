"""The one closed XML parser: no document type, no entities, no network, bounded depth and size."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from interop.errors import Problem
from interop.formats.limits import VALUES, bounded
from interop.formats.tree import Node

DEPTH = 200
SIZE = 20 * 1024 * 1024
NAMES = 2_000
"""How many names its elements may have between them: each is kept for as long as the document."""
PREFIXES = 100
"""How many prefixes of namespaces a document may declare: each element asks all that hold for it."""
ATTRIBUTES = 128
"""How many attributes an element may have: reading them takes time by their square."""
_NAMED = re.compile(rb"<([^\s/>!?]+)")
_PREFIX = re.compile(rb"xmlns:([^\s=]+)\s*=")
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_PARSER_DEPTH = 255
_TOO_MANY_ATTRIBUTES = etree.XPath(f"boolean(//*[@*[{ATTRIBUTES + 1}]])")
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}


def read_xml(body: bytes, *, depth: int = DEPTH, size: int = SIZE, values: int | None = VALUES) -> Node:
    """The tree of a document; its encoding is told by byte order mark or declaration.

    Names lose their namespace. An attribute is a kid ``@name``; ``xsi:type`` is ``@type`` like any other, but where an element
    has a ``type`` of its own as well, that one is ``@type`` and the other ``@xsi:type`` (and so with any prefix). An element's
    value is its text before the first child, None if that is blank; comments and processing instructions are left out.
    ``depth`` counts elements, at most 255; an element has at most 128 attributes. Raises Problem ``document-type`` (any DOCTYPE),
    ``too-deep``, ``too-large``, ``character-set`` or ``unreadable``; the detail names line and column, never content.
    """
    return _Builder(min(depth, _PARSER_DEPTH)).build(_parsed(body, size, values))


def parse_xml(body: bytes, *, size: int = SIZE, values: int | None = VALUES, comments: bool = False) -> etree._Element:
    """The root element of a document, without processing instructions and, unless they are asked for, comments.

    At most 255 elements within each other and 128 attributes in each. Raises the Problems of ``read_xml``.
    """
    root = _parsed(body, size, values, comments=comments)
    if body.count(b"=") > ATTRIBUTES and _TOO_MANY_ATTRIBUTES(root):
        raise _crowded()
    return root


def _crowded() -> Problem:
    return Problem("too-large", detail=f"more than {ATTRIBUTES} attributes in an element")


def _parsed(body: bytes, size: int, values: int | None, *, comments: bool = False) -> etree._Element:
    if len(body) > size:
        raise Problem("too-large", detail=f"more than {size} bytes")
    bounded(body, "<=", less="</", limit=values)
    if body[:1].isspace():
        body = body.lstrip()
    _closed_prolog(body)
    _few_names(body)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=not comments,
        remove_pis=True,
        strip_cdata=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise _refusal(error) from None
    except (LookupError, ValueError):
        raise Problem("unreadable", detail="no XML document") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Problem("document-type")
    return root


def _few_names(body: bytes) -> None:
    """Refuse more names than any format has, before the parser makes something of each."""
    plain = body.replace(b"\0", b"") if b"\0" in body[:4] else body
    if plain.count(b"<") <= NAMES and plain.count(b"xmlns") <= PREFIXES:
        return
    for pattern, most, what in ((_NAMED, NAMES, "names of elements"), (_PREFIX, PREFIXES, "prefixes of namespaces")):
        found: set[bytes] = set()
        for each in pattern.finditer(plain):
            found.add(each[1])
            if len(found) > most:
                raise Problem("too-large", detail=f"more than {most} {what}")


def _closed_prolog(body: bytes) -> None:
    """Refuse a document type before the parser sees it: what stands before the root may be declaration, comments, instructions."""
    mark = body[:2]
    if mark in _UTF16:
        prolog = body.decode(_UTF16[mark], "replace").lstrip("\ufeff")
    else:
        prolog = body.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    at = 0
    while True:
        while prolog[at : at + 1] in ("\t", "\n", "\r", " "):
            at += 1
        if prolog.startswith("<?", at):
            end = prolog.find("?>", at)
        elif prolog.startswith("<!--", at):
            end = prolog.find("-->", at + 4)
        elif prolog.startswith("<!", at):
            raise Problem("document-type")
        elif prolog.startswith("<", at):
            return
        else:
            end = -1
        if end < 0:
            raise Problem("unreadable", detail="no XML document")
        at = prolog.index(">", end) + 1


def _refusal(error: etree.XMLSyntaxError) -> Problem:
    message = str(error).lower()
    line, column = error.position
    where = f"line {line}, column {column}"
    if "depth" in message:
        return Problem("too-deep", detail=where)
    if "huge" in message or "too long" in message or "too large" in message:
        return Problem("too-large", detail=where)
    if "encod" in message or "not proper utf" in message or "conversion failed" in message:
        return Problem("character-set", detail=where)
    return Problem("unreadable", detail=where)


class _Builder:
    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.names: dict[str, str] = {}
        self.keys: dict[str, str] = {}

    def build(self, root: Any) -> Node:
        text = root.text
        node = Node(root.tag.rpartition("}")[2], (text and text.strip()) or None, None, root)
        if root.attrib:
            node.kids = self._attributes(root, node)
        if len(root):
            self._below(root, node, 2)
        return node

    def _attributes(self, element: Any, node: Node) -> dict[str, list[Node]]:
        attributes = element.attrib
        if len(attributes) > ATTRIBUTES:
            raise _crowded()
        names = self.keys
        kids: dict[str, list[Node]] = {}
        spaced = []
        for key, value in attributes.items():
            if key[0] == "{":
                spaced.append((key, value))
                continue
            name = names.get(key)
            if name is None:
                name = names[key] = "@" + key
            kids[name] = [Node(name, value.strip(), node, value)]
        for key, value in spaced:
            space, _, local = key[1:].partition("}")
            name = "@" + local
            if name in kids:
                name = f"@{_prefix(element, space)}:{local}"
            kids[name] = [Node(name, value.strip(), node, value)]
        return kids

    def _below(self, element: Any, node: Node, level: int) -> None:
        if level > self.depth:
            raise Problem("too-deep", detail=f"more than {self.depth} elements within each other")
        names, kids = self.names, node.kids or {}
        for child in element:
            tag = child.tag
            name = names.get(tag)
            if name is None:
                name = names[tag] = tag.rpartition("}")[2]
            text = child.text
            kid = Node(name, (text and text.strip()) or None, node, child)
            if name in kids:
                kids[name].append(kid)
            else:
                kids[name] = [kid]
            if child.attrib:
                kid.kids = self._attributes(child, kid)
            if len(child):
                self._below(child, kid, level + 1)
        node.kids = kids


def _prefix(element: Any, space: str) -> str:
    if space == _XSI:
        return "xsi"
    return next((prefix for prefix, name in element.nsmap.items() if name == space and prefix), space)
