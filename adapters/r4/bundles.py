"""Bodies as one form: a Bundle whose resources have keys and addresses that hold across messages of the same server.

``@key`` of a resource, and of a reference to one that the Bundle does not hold, is what names it everywhere: its id where that is a
UUID, else the server's address with type and id (FHIR R4, references.html#literal). ``@ref`` is its address within the Bundle.
``@deleted`` stands where a transaction deletes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from interop.errors import Problem
from interop.formats.instants import iso_instant
from interop.formats.references import split_references
from interop.formats.tree import Node

KINDS: Final = frozenset(("collection", "searchset", "transaction", "batch"))
DEFINITIONS: Final = frozenset(
    (
        "CapabilityStatement",
        "CodeSystem",
        "ConceptMap",
        "ImplementationGuide",
        "MessageDefinition",
        "NamingSystem",
        "OperationDefinition",
        "SearchParameter",
        "StructureDefinition",
        "StructureMap",
        "ValueSet",
    )
)
"""What tells of systems, not of people."""
LONGEST: Final = 18
"""Digits of a version that counts: what is longer is no counter."""
NATIONAL: Final = frozenset(("Organization", "Practitioner"))
"""Types that one national number names, whoever sends them: a server's own id does not."""
_UUID: Final = re.compile(r"(?:urn:uuid:)?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_ADDRESS: Final = re.compile(r"(https?://.+)/([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_SEARCH: Final = re.compile(r"(https?://[^?]+?)(?:/[A-Z][A-Za-z]+)?/?(?:\?|$)")
_RELATIVE: Final = re.compile(r"/?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")


def bundled(root: Node) -> Node:
    """The Bundle, of a single resource one around it.

    Raises Problem ``unknown-format`` for what is no resource, ``source-error`` for an error that a server answered with,
    ``unknown-trigger`` for a message, a document, a history, a definition, Parameters or a conditional write, ``missing-field``
    for an entry without a resource.
    """
    kind = root.text("resourceType")
    if not kind:
        raise Problem("unknown-format", where="resourceType")
    if kind == "OperationOutcome":
        raise Problem("source-error", where="OperationOutcome.issue", detail=" ".join(_errors(root)))
    if kind in DEFINITIONS or kind == "Parameters":
        raise Problem("unknown-trigger", where="resourceType")
    if kind != "Bundle":
        root = _around(root)
    elif root.text("type") not in KINDS:
        raise Problem("unknown-trigger", where="Bundle.type")
    for entry in root.kids.get("entry", ()):
        _asked(entry)
    base = base_of(root)
    split_references(root)
    held: dict[str, str] = {}
    for resource in resources(root):
        _address(resource, base, held)
    _latest(root, held)
    for resource in resources(root):
        _refer(resource, held, base)
    return root


def resources(bundle: Node) -> Iterator[Node]:
    """The resources of a Bundle."""
    for entry in bundle.kids.get("entry", ()):
        resource = entry.kid("resource")
        if resource is not None:
            yield resource


def base_of(bundle: Node) -> str:
    """The address of the server: of a fullUrl, of the Bundle's own link, of ``meta.source``; '' where nothing tells it."""
    for entry in bundle.kids.get("entry", ()):
        if found := _ADDRESS.fullmatch(entry.text("fullUrl") or ""):
            return found[1]
    for link in bundle.kids.get("link", ()):
        if link.text("relation") == "self" and (found := _SEARCH.match(link.text("url") or "")):
            return found[1]
    sources = (bundle.text("meta/source"), *(resource.text("meta/source") for resource in resources(bundle)))
    return next((said.partition("#")[0].rstrip("/") for said in sources if said), "")


def _errors(outcome: Node) -> Iterator[str]:
    """The codes of an error; its words may name the patient."""
    for issue in outcome.kids.get("issue", ()):
        said = issue.text("details/coding/code") or issue.text("code") or ""
        if re.fullmatch(r"[\w-]{1,64}", said, re.ASCII):
            yield said


def _around(resource: Node) -> Node:
    bundle = Node("")
    bundle.add("resourceType", "Bundle", "Bundle")
    bundle.add("type", "collection", "collection")
    entry = bundle.add("entry")
    resource.name, resource.up = "resource", entry
    entry.kids["resource"] = [resource]
    return bundle


def _asked(entry: Node) -> None:
    """What a transaction asks for: a resource that it deletes becomes one that says so."""
    request = entry.kid("request")
    if request is None:
        if entry.kid("resource") is None and entry.kid("response") is None:
            raise Problem("missing-field", where="Bundle.entry.resource")
        return
    method, url = request.text("method"), request.text("url") or ""
    conditional = any(request.text(name) for name in ("ifNoneExist", "ifMatch", "ifNoneMatch", "ifModifiedSince"))
    if method not in ("PUT", "POST", "DELETE") or conditional or "?" in url:
        raise Problem("unknown-trigger", where="Bundle.entry.request")
    if method == "DELETE":
        found = _RELATIVE.fullmatch(url)
        if found is None:
            raise Problem("bad-value", where="Bundle.entry.request.url")
        resource = entry.add("resource")
        resource.add("resourceType", found[1], found[1])
        resource.add("id", found[2], found[2])
        resource.add("@deleted", "true")


def _address(resource: Node, base: str, held: dict[str, str]) -> None:
    """Its ``@key`` and ``@ref``; ``held`` gets every address by which references of the Bundle may name it."""
    kind, own = resource.text("resourceType") or "", resource.text("id") or ""
    url = (resource.up.text("fullUrl") if resource.up is not None else "") or ""
    if key := _key(base, kind, own):
        resource.add("@key", key)
    local = f"{kind}/{own}" if own else ""
    if url or local:
        resource.add("@ref", url or local)
        held |= {address: url or local for address in (url, local) if address}


def _key(base: str, kind: str, own: str) -> str:
    found = _UUID.fullmatch(own)
    return found[1].lower() if found else f"{base}/{kind}/{own}" if base and own else ""


def _latest(bundle: Node, held: dict[str, str]) -> None:
    """Leave of several versions of one resource the latest alone; ``held`` names it under the addresses of the others."""
    latest: dict[str, Node] = {}
    older: list[tuple[str, Node]] = []
    for resource in resources(bundle):
        own = resource.text("id")
        if not own or resource.text("@deleted"):
            continue
        name = resource.text("@key") or f"{resource.text('resourceType')}/{own}"
        known = latest.get(name)
        if known is None:
            latest[name] = resource
        elif _version(resource) >= _version(known):
            latest[name] = resource
            older.append((name, known))
        else:
            older.append((name, resource))
    if older:
        gone = {id(resource) for _, resource in older}
        bundle.kids["entry"] = [entry for entry in bundle.kids["entry"] if id(entry.kid("resource")) not in gone]
        moved = {resource.text("@ref"): latest[name].text("@ref") or "" for name, resource in older}
        held |= {address: moved.get(there, there) for address, there in held.items()}


def _version(resource: Node) -> tuple[int, int]:
    """When it was last updated, and its number where that is one."""
    number = resource.text("meta/versionId") or ""
    counted = number.isascii() and number.isdigit() and len(number) <= LONGEST
    return iso_instant(resource.text("meta/lastUpdated") or "") or 0, int(number) if counted else 0


def _refer(node: Node, held: dict[str, str], base: str) -> None:
    """Addresses of references: ``@ref`` of what the Bundle holds, ``@key`` of what stands on the server."""
    for reference in node.kids.get("reference", ()):
        said = reference.value or ""
        kind, own = reference.text("@type") or "", reference.text("@id") or ""
        if address := held.get(said) or held.get(f"{kind}/{own}"):
            reference.add("@ref", address)
        elif found := _UUID.fullmatch(said):
            reference.add("@key", found[1].lower())
        elif own and kind not in NATIONAL:
            absolute = _ADDRESS.fullmatch(said)
            if key := _key(absolute[1] if absolute else base, kind, own):
                reference.add("@key", key)
    for name, kids in node.kids.items():
        if not name.startswith("@"):
            for kid in kids:
                if kid.kids:
                    _refer(kid, held, base)
