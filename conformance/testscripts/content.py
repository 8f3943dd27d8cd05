"""What a script handles: a fixture, the body of a request or of an answer, as JSON and as XML."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from interop.fhir.documents import read
from interop.fhir.xml import to_xml

Resource = dict[str, Any]
JSON, XML = "json", "xml"


@dataclass(slots=True)
class Content:
    """A body and what came with it. ``format`` is json, xml or '' where it is neither; ``resource`` None where it is none.

    ``method`` and ``url`` are of a request, ``status`` of an answer, ``headers`` of either, by lower case names.
    """

    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    method: str = ""
    url: str = ""
    _resource: Resource | None = None
    _tree: Any = None

    @property
    def format(self) -> str:
        """Told by the body itself."""
        return {b"{": JSON, b"<": XML}.get(self.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1], "")

    @property
    def resource(self) -> Resource | None:
        """The body as JSON of FHIR."""
        if self._resource is None and self.format:
            found = next(iter(read(self.body, "body")), None)
            self._resource = found.resource if found is not None else None
        return self._resource

    @property
    def tree(self) -> Any:
        """An lxml element that holds the body's root: XML without namespaces; None where there is no body."""
        if self._tree is None and self.format:
            holder = etree.Element("document")
            try:
                holder.append(_plain(self.body) if self.format == XML else _from_json(self.resource or {}))
            except etree.XMLSyntaxError:
                return None
            self._tree = holder
        return self._tree

    def written(self, form: str) -> bytes:
        """The body in a format; as it is where it has that format already, or none that can be turned into the other."""
        if not form or form == self.format or self.resource is None:
            return self.body
        if form == JSON:
            return json.dumps(self.resource, ensure_ascii=False, default=str).encode()
        try:
            return to_xml(self.resource)
        except Exception:  # a fixture may be anything; the server is to judge it
            return self.body


def _plain(body: bytes) -> Any:
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True))
    for each in root.iter():
        each.tag = etree.QName(each).localname
    return root


def _from_json(resource: Resource) -> Any:
    """FHIR's XML of a JSON resource as far as a path needs it: elements by name, primitives as ``value`` (R4, json.html)."""
    root = etree.Element(str(resource.get("resourceType", "Resource")))
    _fill(root, resource)
    return root


def _fill(parent: Any, said: dict[str, Any]) -> None:
    for name, value in said.items():
        if name == "resourceType":
            continue
        if name.startswith("_"):
            if name[1:] not in said:
                _add(parent, name[1:], value)
            continue
        _add(parent, name, value)


def _add(parent: Any, name: str, value: Any) -> None:
    for each in value if isinstance(value, list) else [value]:
        child = etree.SubElement(parent, name)
        if isinstance(each, dict):
            holder = child
            if isinstance(kind := each.get("resourceType"), str):
                holder = etree.SubElement(child, kind)
            _fill(holder, each)
        elif each is not None:
            child.set("value", {True: "true", False: "false"}[each] if isinstance(each, bool) else str(each))
