"""FHIR XML as FHIR JSON, for tests: published examples come as XML."""

from __future__ import annotations

from typing import Any

from lxml import etree

from interop.fhir import facts

WHOLE = frozenset(("integer", "positiveInt", "unsignedInt"))


def resource(element: etree._Element) -> dict[str, Any]:
    """The resource in an element of the FHIR namespace."""
    kind = etree.QName(element).localname
    return {"resourceType": kind, **_content(element, kind)}


def _content(element: etree._Element, block: str) -> dict[str, Any]:
    made: dict[str, Any] = {str(name): value for name, value in element.attrib.items() if name != "value"}
    for child in element.iterchildren("*"):
        name = etree.QName(child).localname
        known = facts.block(block)[name]
        value, shadow = _value(child, known)
        if known.max == 1:
            made.update({name: value} if value is not None else {})
            made.update({"_" + name: shadow} if shadow else {})
            continue
        made.setdefault(name, []).append(value)
        if shadow or "_" + name in made:
            shadows = made.setdefault("_" + name, [])
            shadows.extend([None] * (len(made[name]) - 1 - len(shadows)))
            shadows.append(shadow or None)
    return made


def _value(child: etree._Element, known: facts.Element) -> tuple[Any, dict[str, Any]]:
    datatype = known.types[0]
    if datatype == "Resource":
        return resource(child[0]), {}
    if datatype == "xhtml":
        return etree.tostring(child, encoding="unicode", with_tail=False), {}
    if not facts.is_primitive(datatype):
        return _content(child, known.block), {}
    text = child.get("value")
    if text is not None and datatype == "boolean":
        return text == "true", _content(child, datatype)
    if text is not None and (datatype in WHOLE or datatype == "decimal"):
        return (int(text) if datatype in WHOLE else float(text)), _content(child, datatype)
    return text, _content(child, datatype)
