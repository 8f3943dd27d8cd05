"""XML Patch (RFC 5261): add, replace and remove by selectors, on the FHIR XML of a resource (FHIR R4 http, 3.1.0.9)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

from lxml import etree

from interop.errors import Problem
from interop.fhir.canonicals import FHIR, XHTML
from interop.fhir.patching.pruning import MOST_OPERATIONS, pruned
from interop.fhir.patching.selector import select
from interop.fhir.xml import read_resource_xml, to_xml
from interop.fhir.xml.reading import OUT_OF_ORDER
from interop.formats.xml import parse_xml

_PREFIXES: Final[dict[str | None, str]] = {"f": FHIR, "h": XHTML}
"""Prefixes of FHIR's own examples: they need no declaration."""


def xml_patch(resource: dict[str, Any], diff: bytes) -> dict[str, Any]:
    """The resource after all operations of a diff document, in order.

    Raises Problem: those of ``patch_document`` and ``to_xml``, and ``patch-failed`` where the result is no FHIR XML any more.
    """
    written = patch_document(to_xml(resource), diff)
    patched, findings = read_resource_xml(written)
    wrong = [each for each in findings if each.message != OUT_OF_ORDER]
    if wrong:
        raise Problem("patch-failed", where=wrong[0].expression, detail=f"the patched XML is no resource: {wrong[0].message}")
    kept: dict[str, Any] = pruned(patched)
    return kept


def patch_document(document: bytes, diff: bytes) -> bytes:
    """An XML document after all operations of a diff document, in order.

    Raises Problem ``bad-patch`` for what is no XML Patch and ``patch-failed`` for an operation that cannot be done, ``where`` its
    number from 1; and those of ``parse_xml``.
    """
    root = parse_xml(document, values=None, comments=True)
    listed = [each for each in parse_xml(diff, comments=True) if isinstance(each.tag, str)]
    if not listed:
        raise Problem("bad-patch", detail="there is no add, replace or remove in it")
    if len(listed) > MOST_OPERATIONS:
        raise Problem("too-large", detail=f"more than {MOST_OPERATIONS} operations")
    for number, operation in enumerate(listed, 1):
        where = f"operation {number}"
        perform = _OPERATIONS.get(etree.QName(operation).localname)
        selector = operation.get("sel")
        if perform is None or selector is None:
            raise Problem("bad-patch", where=where, detail="an add, replace or remove with sel is wanted")
        found = select(root, selector, _PREFIXES | operation.nsmap, where)
        if len(found) != 1:
            said = "several nodes" if found else "nothing"
            raise Problem("patch-failed", where=where, detail=f"sel leads to {said}, one node is wanted")
        root = perform(root, found[0], operation, where)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _add(root: Any, node: Any, operation: Any, where: str) -> Any:
    kind, position = operation.get("type", ""), operation.get("pos", "")
    if kind.startswith("@"):
        _set_attribute(_element(node, where), kind[1:], operation, where)
    elif kind.startswith("namespace::"):
        return _declared(root, _element(node, where), kind.removeprefix("namespace::"), operation.text or "")
    elif kind:
        raise Problem("bad-patch", where=where, detail="type is neither an attribute nor a namespace")
    elif position in ("before", "after"):
        _add_beside(root, _node(node, where), operation, where, before=position == "before")
    elif position in ("", "prepend"):
        _add_below(_element(node, where), operation, first=position == "prepend")
    else:
        raise Problem("bad-patch", where=where, detail="pos is none of before, after and prepend")
    return root


def _add_below(parent: Any, operation: Any, *, first: bool) -> None:
    text, children = operation.text or "", [deepcopy(each) for each in operation]
    if first:
        if children:
            children[-1].tail = (children[-1].tail or "") + (parent.text or "")
            parent.text = text
        else:
            parent.text = text + (parent.text or "")
        for place, each in enumerate(children):
            parent.insert(place, each)
        return
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
    parent.extend(children)


def _add_beside(root: Any, node: Any, operation: Any, where: str, *, before: bool) -> None:
    parent = node.getparent()
    if parent is None:
        raise Problem("patch-failed", where=where, detail="nothing can stand beside the root")
    text, children = operation.text or "", [deepcopy(each) for each in operation]
    place = parent.index(node) + (not before)
    tail = node.tail or ""
    if before:
        _text_before(node, text)
    elif children:
        node.tail = text
        children[-1].tail = (children[-1].tail or "") + tail
    else:
        node.tail = text + tail
    for offset, each in enumerate(children):
        parent.insert(place + offset, each)


def _replace(root: Any, node: Any, operation: Any, where: str) -> Any:
    children = list(operation)
    if isinstance(node, str):
        _set_text(node, operation.text or "", where)
        return root
    if len(children) != 1 or (operation.text or "").strip() or (children[0].tail or "").strip():
        raise Problem("bad-patch", where=where, detail="one node is wanted in place of the other")
    new = deepcopy(children[0])
    if (isinstance(new.tag, str), isinstance(node.tag, str)) not in ((True, True), (False, False)):
        raise Problem("patch-failed", where=where, detail="a node can only be replaced by one of its kind")
    new.tail = node.tail
    parent = node.getparent()
    if parent is None:
        new.tail = None
        return new
    parent.replace(node, new)
    return root


def _remove(root: Any, node: Any, operation: Any, where: str) -> Any:
    if isinstance(node, str):
        _set_text(node, None, where)
        return root
    parent = _node(node, where).getparent()
    if parent is None:
        raise Problem("patch-failed", where=where, detail="the root cannot be removed")
    blanks = operation.get("ws", "")
    if blanks not in ("", "before", "after", "both"):
        raise Problem("bad-patch", where=where, detail="ws is none of before, after and both")
    tail = node.tail or ""
    if blanks in ("after", "both"):
        if tail.strip():
            raise Problem("patch-failed", where=where, detail="there is more than white space to be removed")
        tail = ""
    if blanks in ("before", "both"):
        _text_before(node, None)
    if tail:
        _text_before(node, tail)
    node.tail = None
    parent.remove(node)
    return root


_OPERATIONS: Final[dict[str, Callable[[Any, Any, Any, str], Any]]] = {"add": _add, "replace": _replace, "remove": _remove}


def _text_before(node: Any, text: str | None) -> None:
    """Put text before a node; None takes away the white space there."""
    previous, parent = node.getprevious(), node.getparent()
    holder, name = (parent, "text") if previous is None else (previous, "tail")
    said = getattr(holder, name) or ""
    setattr(holder, name, (said if said.strip() else "") if text is None else said + text)


def _set_text(node: Any, text: str | None, where: str) -> None:
    """Set or remove what a selector found as a string: an attribute or a text."""
    holder = node.getparent() if hasattr(node, "getparent") else None
    if holder is None:
        raise Problem("patch-failed", where=where, detail="that kind of node cannot be changed")
    if node.is_attribute:
        if text is None:
            del holder.attrib[node.attrname]
        else:
            holder.set(node.attrname, text)
    elif node.is_tail:
        holder.tail = text
    else:
        holder.text = text


def _set_attribute(element: Any, name: str, operation: Any, where: str) -> None:
    prefix, _, local = name.rpartition(":")
    space = operation.nsmap.get(prefix) if prefix else ""
    if space is None:
        raise Problem("bad-patch", where=where, detail="the prefix of the attribute is declared nowhere")
    try:
        key = etree.QName(space or None, local)
    except ValueError:
        raise Problem("bad-patch", where=where, detail="that is no name of an attribute") from None
    if key.text in element.attrib:
        raise Problem("patch-failed", where=where, detail="the attribute is there already")
    element.set(key, operation.text or "")


def _declared(root: Any, element: Any, prefix: str, space: str) -> Any:
    """The document with a namespace declared at an element: the parser knows no other way than to make the element anew."""
    new = etree.Element(element.tag, nsmap=element.nsmap | {prefix: space.strip()})
    new.text, new.tail = element.text, element.tail
    new.attrib.update(element.attrib)
    new.extend(list(element))
    parent = element.getparent()
    if parent is None:
        return new
    parent.replace(element, new)
    return root


def _element(node: Any, where: str) -> Any:
    if isinstance(node, str | tuple) or not isinstance(node.tag, str):
        raise Problem("patch-failed", where=where, detail="sel does not lead to an element")
    return node


def _node(node: Any, where: str) -> Any:
    if isinstance(node, str | tuple):
        raise Problem("patch-failed", where=where, detail="sel does not lead to an element or comment")
    return node
