"""Patch cases of files, as values.

JSON: a list of ``doc``, ``patch`` and ``expected`` or ``error`` (the form of json-patch-tests). XML: ``case`` with ``input``,
``diff`` and ``output`` (FHIRPath Patch) or with ``target``, ``patch`` and ``patched`` or ``error`` (XML Patch).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from conformance.judged.outcome import Unusable
from conformance.judged.target import XML
from interop.fhir import facts
from interop.fhir.documents import read as documents

Resource = dict[str, Any]
JSON_PATCH, XML_PATCH = "application/json-patch+json", "application/xml-patch+xml"
NO_RESOURCE = "its document is no FHIR resource"


@dataclass(frozen=True, slots=True)
class Case:
    """A patch: what is there before it, its media type and bytes, what is there after it (None: it is refused).

    ``reason`` says why it cannot be run over HTTP; '' where it can.
    """

    suite: str
    name: str
    before: Resource
    media_type: str
    patch: bytes
    after: Resource | None
    reason: str = ""


def read(path: Path) -> list[Case]:
    """The cases of a file. Raises Unusable."""
    try:
        body = path.read_bytes()
        if body.lstrip()[:1] in (b"[", b"{"):
            return [_json(path.stem, each) for each in json.loads(body)]
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True))
        return [_fhir(path.stem, each) if each.find("diff") is not None else _xml(path.stem, each) for each in root.iter("case")]
    except (OSError, ValueError, etree.XMLSyntaxError, KeyError, AttributeError, TypeError) as problem:
        raise Unusable(f"{path} holds no patch cases: {type(problem).__name__} {problem}") from problem


def _json(suite: str, each: dict[str, Any]) -> Case:
    before, after = each["doc"], each.get("expected")
    reason = "" if _is_resource(before) else NO_RESOURCE
    body = json.dumps(each["patch"]).encode()
    return Case(suite, str(each.get("comment", "")), before if not reason else {}, JSON_PATCH, body, after, reason)


def _fhir(suite: str, case: Any) -> Case:
    before, after = _inside(case.find("input")), _inside(case.find("output"))
    patch = case.find("diff")
    body = etree.tostring(patch[0]) if len(patch) else b""
    reason = NO_RESOURCE if before is None else ""
    return Case(suite, case.get("name", ""), before or {}, XML, body, after if case.find("error") is None else None, reason)


def _xml(suite: str, case: Any) -> Case:
    before = _inside(case.find("target"))
    after = _inside(case.find("patched"))
    body = etree.tostring(case.find("{*}patch"))
    return Case(suite, case.get("name", ""), before or {}, XML_PATCH, body, after, NO_RESOURCE if before is None else "")


def _inside(holder: Any) -> Resource | None:
    """The resource in an element; None where there is none of R4."""
    if holder is None or not len(holder):
        return None
    found = next(iter(documents(etree.tostring(holder[0]), "case")), None)
    return found.resource if found is not None and _is_resource(found.resource) else None


def _is_resource(value: Any) -> bool:
    return isinstance(value, dict) and value.get("resourceType") in facts.resource_types()


def as_json(case: Case) -> bytes | None:
    """The Parameters of a FHIRPath Patch as JSON; None for a patch that has no such form."""
    if case.media_type != XML or not case.patch:
        return None
    found = next(iter(documents(case.patch, "patch")), None)
    return json.dumps(found.resource, default=str).encode() if found is not None and found.resource is not None else None
