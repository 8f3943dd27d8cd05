"""The clinical documents of a body: in payloads of a distribution envelope, or bare."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from interop.errors import Problem
from interop.formats.tree import Node

DOCUMENT: Final = "ClinicalDocument"
PAYLOAD: Final = "payload"


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


def separate(body: bytes) -> Iterator[bytes]:
    """The body once for each document, without the payloads of the others; unchanged where it cannot be read or holds just one."""
    from lxml import etree

    from interop.formats.xml import read_xml

    try:
        root = read_xml(body)
    except Problem:
        yield body
        return
    count = len(documents(root))
    if count < 2:
        yield body
        return
    for wanted in range(count):
        copy = deepcopy(root.raw)
        for place, node in enumerate(_elements(copy)):
            if place != wanted:
                _remove(node)
        yield etree.tostring(copy, encoding="utf-8", xml_declaration=True)


def _elements(root: Any) -> list[Any]:
    return [node for node in root.iter("{*}" + DOCUMENT) if not any(up.tag == node.tag for up in node.iterancestors())]


def _remove(node: Any) -> None:
    """Take a document out, with its payload where it is alone in one."""
    parent = node.getparent()
    if parent.tag.rpartition("}")[2] == PAYLOAD and len(parent) == 1:
        node, parent = parent, parent.getparent()
    parent.remove(node)
