"""What a file of a package holds: read cheaply for the index, wholly when it is asked for."""

from __future__ import annotations

from typing import Any

import orjson

from interop.errors import Problem
from interop.fhir.definitions.package import names
from interop.fhir.definitions.unusable import Unusable
from interop.fhir.shapes import Json
from interop.formats.json import load_json
from interop.formats.xml import read_xml

SIZE = 20 * 1024 * 1024
"""Bytes of a resource."""
ENDINGS = (".json", ".xml")
_MARK = b"\xef\xbb\xbf"


def parsed(name: str, body: bytes) -> Json:
    """The resource in a file. Raises Unusable, naming the file and no content of it."""
    try:
        content = _xml(body) if name.lower().endswith(".xml") else load_json(body, size=SIZE, values=None)
    except Problem as problem:
        raise Unusable(f"{name}: {problem}") from None
    if not isinstance(content, dict):
        raise Unusable(f"{name}: no resource")
    return content


def _xml(body: bytes) -> Any:
    from interop.fhir.xml import from_xml

    return from_xml(body)


def named(name: str, body: bytes) -> list[tuple[str, str, str]]:
    """(kind, canonical URL, version) of the resource in a file; none where it is no conformance resource. Raises Unusable."""
    if len(body) > SIZE:
        raise Unusable(f"{name}: more than {SIZE} bytes")
    try:
        return names(_head(body) if name.lower().endswith(".xml") else _object(body))
    except orjson.JSONDecodeError as error:
        raise Unusable(f"{name}: no JSON, line {error.lineno}, column {error.colno}") from None
    except Problem as problem:
        raise Unusable(f"{name}: {problem}") from None


def _object(body: bytes) -> Json:
    content = orjson.loads(body.removeprefix(_MARK))
    return content if isinstance(content, dict) else {}


def _head(body: bytes) -> Json:
    """What names a resource in XML, without the rest of it."""
    root = read_xml(body, size=SIZE, values=None)
    head: Json = {"resourceType": root.name}
    for name in ("url", "version"):
        if value := root.text(f"{name}/@value"):
            head[name] = value
    head["uniqueId"] = [{name: each.text(f"{name}/@value") for name in ("type", "value")} for each in root.kids.get("uniqueId", ())]
    return head
