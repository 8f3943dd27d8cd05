"""FHIR XML as the JSON of the same resource, with what only the XML shows (FHIR R4, xml.html and json.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from lxml import etree

from interop.errors import Problem
from interop.fhir.canonicals import FHIR, XHTML
from interop.fhir.findings import ERROR, Finding, Findings
from interop.fhir.names import shown
from interop.fhir.xml.divs import anew, as_written, outermost
from interop.fhir.xml.places import path_of
from interop.fhir.xml.plan import COMPLEX, NUMBER, RESOURCE, TEXT, Block, Field, block, known_resource, value_of
from interop.formats.xml import SIZE, parse_xml

OUT_OF_ORDER: Final = "is out of order"
"""What the finding says of an element that stands after one that it ought to precede."""
_SPACE = f"{{{FHIR}}}"
_MOST_FINDINGS = 100
_MOST_REWRITTEN = 5_000
_TEXT_BETWEEN = etree.XPath(
    "(//*[namespace-uri() != $xhtml]/text()[normalize-space()][not(ancestor::*[local-name() = 'div'])])"
    f"[position() <= {_MOST_FINDINGS}]",
    smart_strings=True,
)
_PERHAPS_TEXT = re.compile(r">\s*[^\s<]")
_SCHEMA = frozenset(("schemaLocation", "noNamespaceSchemaLocation"))
_UTF8 = frozenset(("UTF-8", "US-ASCII", "ASCII"))
_UTF16 = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"<\0": "UTF-16-LE", b"\0<": "UTF-16-BE"}


class Reading(NamedTuple):
    """A resource as JSON, and what is wrong with its XML that the JSON does not show."""

    resource: dict[str, Any]
    findings: Findings


def read_resource_xml(body: bytes, *, size: int = SIZE) -> Reading:
    """The resource in an XML document, and findings on its XML: elements out of order, text between elements, unknown attributes,
    wrong namespaces, an encoding other than UTF-8.

    Elements are read in any order, and nothing is coerced: an unknown element is a member of its name, an element that may not
    repeat but does is a list, a value that is no JSON number or boolean stays text, an element with nothing in it is ``{}``.
    Comments and processing instructions are left out. At most 100 findings; ``body`` has at most ``size`` bytes.
    Raises Problem ``unreadable``, ``character-set``, ``document-type``, ``too-deep``, ``too-large`` (no XML that may be read), or
    ``unknown-type`` (the root is no resource of R4 in the namespace of FHIR).
    """
    root = parse_xml(body, size=size, values=None)
    tag = str(root.tag)
    if not tag.startswith(_SPACE) or not known_resource(tag[len(_SPACE) :]):
        raise Problem("unknown-type", detail="the root is no resource type of FHIR R4 in the namespace http://hl7.org/fhir")
    reader = _Reader(body, root)
    try:
        resource = reader.resource(root)
    except RecursionError:
        raise Problem("too-deep") from None
    reader.encoding()
    reader.text_between()
    return Reading(resource, reader.findings)


class _Reader:
    def __init__(self, body: bytes, root: etree._Element) -> None:
        self.body = body
        self.root = root
        self.findings: Findings = []
        self.divs: Iterator[tuple[int, int]] | None = None
        self.narratives: list[tuple[int, int]] = []
        self.rewritten = 0
        self.source = self._source()

    def resource(self, element: etree._Element) -> dict[str, Any]:
        tag = str(element.tag)
        kind = tag.rpartition("}")[2]
        made: dict[str, Any] = {"resourceType": kind}
        if not tag.startswith(_SPACE):
            self._say(element, "structure", "is not in the namespace of FHIR")
        if element.attrib:
            self._stray(element, element.items())
        if known_resource(kind):
            self.content(element, block(kind), made)
        else:
            for child in element:
                self._unknown(child, made)
        return made

    def content(self, element: etree._Element, plan: Block, made: dict[str, Any]) -> None:
        """The children of an element as members of an object."""
        tags: dict[Any, Field] = plan.tags
        last = -1
        for child in element:
            field = tags.get(child.tag)
            if field is None:
                self._unknown(child, made)
                continue
            rank = field.rank
            if rank < last:
                self._say(child, "structure", OUT_OF_ORDER)
            else:
                last = rank
            kind = field.kind
            name = field.name
            if kind <= NUMBER:
                items = child.items()
                if len(items) == 1 and items[0][0] == "value" and not len(child):
                    value: Any = items[0][1] if kind == TEXT else value_of(items[0][1], kind)
                    if not field.many and name not in made and field.shadow not in made:
                        made[name] = value
                    else:
                        self._primitive(made, field, value, None)
                else:
                    self._primitive(made, field, *self._parts(child, items, field))
                continue
            if kind == COMPLEX:
                value = {}
                items = child.items()
                if items:
                    self._attributes(child, items, field.block, value)
                self.content(child, field.block, value)
            elif kind == RESOURCE:
                if child.attrib:
                    self._stray(child, child.items())
                if len(child) != 1:
                    self._several(child, field, made)
                    continue
                value = self.resource(child[0])
            else:
                value = self.div(child)
            if field.many:
                held = made.get(name)
                if held is None:
                    made[name] = [value]
                else:
                    held.append(value)
            else:
                self._single(made, name, value)

    def _single(self, made: dict[str, Any], name: str, value: Any) -> None:
        """An element that must not repeat: where it does, a list."""
        if name not in made:
            made[name] = value
        elif isinstance(made[name], list):
            made[name].append(value)
        else:
            made[name] = [made[name], value]

    def _several(self, element: etree._Element, field: Field, made: dict[str, Any]) -> None:
        """Where one resource ought to be are none or several."""
        self._say(element, "structure", "must hold one resource")
        values = [self.resource(child) for child in element] or [{}]
        for value in values:
            if field.many:
                made.setdefault(field.name, []).append(value)
            else:
                self._single(made, field.name, value)

    def _parts(self, element: etree._Element, items: list[tuple[str, str]], field: Field) -> tuple[Any, dict[str, Any] | None]:
        """Value and shadow of a primitive."""
        shadow: dict[str, Any] = {}
        value = None
        for name, text in items:
            if name == "value":
                value = value_of(text, field.kind)
            elif name == "id":
                shadow["id"] = text
            else:
                self._stray(element, [(name, text)])
        if len(element):
            self.content(element, field.block, shadow)
        return value, (shadow if shadow or value is None else None)

    def _primitive(self, made: dict[str, Any], field: Field, value: Any, shadow: dict[str, Any] | None) -> None:
        name = field.name
        beside = field.shadow
        values = made.get(name)
        shadows = made.get(beside)
        if not field.many:
            if values is None and shadows is None:
                if value is not None:
                    made[name] = value
                if shadow is not None:
                    made[beside] = shadow
                return
            if not isinstance(values, list) and not isinstance(shadows, list):
                values = None if values is None else [values]
                shadows = None if shadows is None else [shadows]
        count = len(values or shadows or ())
        if value is not None or values is not None:
            values = [None] * count if values is None else values
            values.append(value)
            made[name] = values
        if shadow is not None or shadows is not None:
            shadows = [None] * count if shadows is None else shadows
            shadows.append(shadow)
            made[beside] = shadows

    def _attributes(self, element: etree._Element, items: list[tuple[str, str]], plan: Block, made: dict[str, Any]) -> None:
        for name, text in items:
            if name in plan.attributes:
                made[name] = text
            else:
                self._stray(element, [(name, text)])

    def _stray(self, element: etree._Element, items: list[tuple[str, str]]) -> None:
        for name, _ in items:
            local = name.rpartition("}")[2]
            said = local if local in _SCHEMA else shown(local)
            self._say(element, "structure", f"has the unknown attribute {said}" if said else "has an unknown attribute")

    def div(self, element: etree._Element) -> str:
        """Narrative as it stands in the document."""
        if self.divs is None:
            self.divs = outermost(self.source or "")
        place = next(self.divs, None)
        if place is not None:
            self.narratives.append(place)
            text = as_written((self.source or "")[place[0] : place[1]], element)
            if text is not None:
                return text
        self.rewritten += 1
        if self.rewritten > _MOST_REWRITTEN:
            raise Problem("too-large", detail=f"more than {_MOST_REWRITTEN} narratives whose prefixes are declared outside of them")
        return anew(element)

    def _source(self) -> str | None:
        encoding = self._encoding()
        try:
            return self.body.decode("utf-8-sig" if encoding in _UTF8 else encoding)
        except (LookupError, UnicodeDecodeError):
            return None

    def _encoding(self) -> str:
        if self.body[:2] in _UTF16:
            return _UTF16[self.body[:2]]
        said = self.root.getroottree().docinfo.encoding or "UTF-8"
        return said.upper()

    def _unknown(self, element: etree._Element, made: dict[str, Any]) -> None:
        """An element that the block lacks, for validation to find; a div in a wrong namespace is still narrative."""
        space, _, name = str(element.tag).rpartition("}")
        if name == "div":
            self._single(made, name, self.div(element))
            return
        value = self._generic(element)
        if space + "}" != _SPACE:
            self._say(element, "structure", "is not in the namespace of FHIR")
        if name == "resourceType" or name[0] == "_":
            self._say(element, "structure", "is no element of R4")
        else:
            self._single(made, name, value)

    def _generic(self, element: etree._Element) -> Any:
        members: dict[str, Any] = {name.rpartition("}")[2]: text for name, text in element.items()}
        if not len(element) and members.keys() == {"value"}:
            return members["value"]
        for child in element:
            self._unknown(child, members)
        return members

    def encoding(self) -> None:
        """FHIR is in UTF-8."""
        if self._encoding() not in _UTF8:
            self.findings.insert(0, Finding(ERROR, path_of(self.root), "invalid", "the XML is not encoded in UTF-8", "document"))

    def text_between(self) -> None:
        """Text that is in no attribute and no narrative; the source is looked at first, for there is seldom any."""
        if self.source is not None and not _PERHAPS_TEXT.search(self._without_narrative(self.source)):
            return
        for text in _TEXT_BETWEEN(self.root, xhtml=XHTML):
            parent = text.getparent()
            self._say(parent.getparent() if text.is_tail else parent, "structure", "must not hold text")

    def _without_narrative(self, source: str) -> str:
        parts = []
        end = 0
        for start, stop in self.narratives:
            parts.append(source[end:start])
            end = stop
        return "".join(parts) + source[end:]

    def _say(self, element: etree._Element, code: str, message: str) -> None:
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(ERROR, path_of(element), code, message, "document"))
