"""The clinical documents of a body: in payloads of a distribution envelope, or bare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from interop.errors import Problem
from interop.formats.tree import Node

DOCUMENT: Final = "ClinicalDocument"
PAYLOAD: Final = "payload"
SHARED: Final = 100 * 1024 * 1024
"""Bytes of envelope that the documents of one body may come to, each in an envelope of its own."""


def documents(root: Node) -> list[Node]:
    """The documents, outermost only, in order."""
    found: list[Node] = []
    open_ = [root]
    while open_:
        node = open_.pop()
        if node.name == DOCUMENT:
            found.append(node)
        else:
            open_.extend(reversed([kid for kids in node.kids.values() for kid in kids]))
    return found


def document(found: list[Node]) -> Node:
    """The only one; raises Problem ``unknown-format`` where there is none, ``several-messages`` where there are more."""
    if not found:
        raise Problem("unknown-format", where=DOCUMENT)
    if len(found) > 1:
        raise Problem("several-messages", where=DOCUMENT)
    return found[0]


def name(document: Node) -> None:
    """Add ``@set``: root and extension of what names the document in all its versions (``setId``, else ``id``), ``@whole`` of both.

    CDA names a document by a UUID or, with an extension, by a number of the root's own (CDA R2 4.2.1.2, 4.2.1.7).
    """
    for given in ("setId", "id"):
        node = document.kid(given)
        if node is not None and (root := node.text("@root")):
            said = document.add("@set")
            said.add("@root", root)
            extension = node.text("@extension")
            if extension:
                said.add("@extension", extension)
            said.add("@whole", f"{root}|{extension}" if extension else root)
            return


def covered(root: Node) -> None:
    """Raises Problem ``unknown-format`` where a payload of a distribution envelope holds no document: nothing may be left out."""
    open_ = [root]
    while open_:
        node = open_.pop()
        if node.name == PAYLOAD and not documents(node):
            raise Problem("unknown-format", where=PAYLOAD, detail="a payload holds no ClinicalDocument")
        if node.name not in (DOCUMENT, PAYLOAD):
            open_.extend(kid for kids in node.kids.values() for kid in kids)


def separate(body: bytes) -> Iterator[bytes]:
    """The body once for each document, without the payloads of the others; unchanged where it cannot be read or holds just one.

    Raises Problem ``too-large`` where what all documents share would come to too much.
    """
    if body.count(DOCUMENT.encode()) < 3:
        yield body
        return
    from lxml import etree

    from interop.formats.xml import parse_xml

    try:
        root = parse_xml(body)
    except Problem:
        yield body
        return
    found = _elements(root)
    if len(found) < 2:
        yield body
        return
    places = [_take_out(node) for node in found]
    if len(etree.tostring(root)) * len(found) > SHARED:
        raise Problem("too-large", where=PAYLOAD, detail="too many documents for so large an envelope")
    for node, parent, place in places:
        parent.insert(place, node)
        yield etree.tostring(root, encoding="utf-8", xml_declaration=True)
        parent.remove(node)


def _elements(root: Any) -> list[Any]:
    """The documents, outermost only, in order."""
    found: list[Any] = []
    open_ = [root]
    while open_:
        node = open_.pop()
        if node.tag.rpartition("}")[2] == DOCUMENT:
            found.append(node)
        else:
            open_.extend(reversed(node))
    return found


def _take_out(node: Any) -> tuple[Any, Any, int]:
    """Take a document out, with its payload where it is alone in one; where it was, once those before it are out."""
    parent = node.getparent()
    if parent.tag.rpartition("}")[2] == PAYLOAD and len(parent) == 1:
        node, parent = parent, parent.getparent()
    place = parent.index(node)
    parent.remove(node)
    return node, parent, place
