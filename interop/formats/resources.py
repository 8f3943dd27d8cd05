"""FHIR resources in either notation as one tree: that which ``read_json`` gives, whether the body is JSON or XML.

So tables that are written once read both. In XML (FHIR R4, xml.html) the value of an element is its ``value``, ``id`` and ``url``
are children, a resource within another is its content with ``resourceType``, what extends a primitive stands beside it under
``_name``, and a narrative is the text of its ``div``. ``raw`` of a leaf of XML is text: what is a number or a boolean only R4 says.
"""

from __future__ import annotations

from typing import Any

from interop.errors import Problem
from interop.formats.tree import Node

NAMESPACE = "http://hl7.org/fhir"


def is_xml(body: bytes) -> bool:
    """Whether a body begins as XML does, in UTF-8 or UTF-16."""
    head = body[:256].removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    return head.replace(b"\0", b"").lstrip()[:1] == b"<"


def read_resource(body: bytes) -> Node:
    """The tree of a resource; raises the Problems of ``read_json`` and ``read_xml``, ``unknown-format`` for other XML."""
    if not is_xml(body):
        from interop.formats.json import read_json

        return read_json(body)
    from interop.formats.xml import read_xml

    document = read_xml(body)
    if document.raw.tag.rpartition("}")[0] != "{" + NAMESPACE:
        raise Problem("unknown-format", where=document.name[:64])
    root = Node("")
    _resource(root, document)
    return root


def address(bundle: Node) -> None:
    """Give each resource of a Bundle its ``@ref``, the address by which references name it: its fullUrl, else type and id."""
    for entry in bundle.kids.get("entry", ()):
        resource = entry.kid("resource")
        if resource is not None:
            own = resource.text("id")
            said = entry.text("fullUrl") or (f"{resource.text('resourceType')}/{own}" if own else "")
            if said:
                resource.add("@ref", said)


def _resource(node: Node, xml: Node) -> None:
    node.add("resourceType", xml.name, xml.name)
    _inside(node, xml)


def _inside(node: Node, xml: Node) -> None:
    for name in ("@id", "@url"):
        if (said := xml.kid(name)) is not None:
            node.add(name[1:], said.value, said.raw)
    for name, kids in xml.kids.items():
        if name[0] != "@":
            _member(node, name, kids)


def _member(node: Node, name: str, kids: list[Node]) -> None:
    """The elements of one name: primitives, and beside them what extends them, place by place."""
    extended = any(kid.kid("@value") is not None for kid in kids) and any(
        kid.kid("extension") is not None or kid.kid("@id") is not None for kid in kids
    )
    for kid in kids:
        value = kid.kid("@value")
        if kid.name == "div":
            text = _markup(kid)
            node.add(name, text, text)
        elif value is not None or extended:
            node.add(name, value.value if value is not None else None, value.raw if value is not None else None)
        elif (inner := _held(kid)) is not None:
            _resource(node.add(name), inner)
        else:
            _inside(node.add(name), kid)
        if extended:
            _inside(node.add(f"_{name}"), kid)


def _held(xml: Node) -> Node | None:
    """The resource that an element holds: its one child, whose name is that of a type."""
    names = [name for name in xml.kids if name[0] != "@"]
    return xml.kids[names[0]][0] if len(names) == 1 and names[0][0].isupper() else None


def _markup(xml: Node) -> str:
    from lxml import etree

    element: Any = xml.raw
    return etree.tostring(element, encoding="unicode", with_tail=False)


def write_xml(resource: dict[str, Any]) -> bytes:
    """A resource of ours as XML: members in the order in which they stand, which must be R4's."""
    from lxml import etree

    root = etree.Element(resource["resourceType"], nsmap={None: NAMESPACE})
    _write(root, resource)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _write(element: Any, members: dict[str, Any]) -> None:
    from lxml import etree

    for name, value in members.items():
        if name == "resourceType":
            continue
        if name == "url" and element.tag == "extension":
            element.set("url", value)
            continue
        for one in value if isinstance(value, list) else [value]:
            child = etree.SubElement(element, name)
            if not isinstance(one, dict):
                child.set("value", str(one).lower() if isinstance(one, bool) else str(one))
            elif "resourceType" in one:
                _write(etree.SubElement(child, one["resourceType"]), one)
            else:
                _write(child, one)
