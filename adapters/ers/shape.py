"""The tree that the tables read: a Bundle, whatever the message was, with the names that its logical references go by."""

from __future__ import annotations

import re
from typing import Any, Final

from interop.formats.tree import Node

_IDENTIFIER: Final = frozenset({"identifier", "valueIdentifier"})
_KIND: Final = re.compile(
    r"https?://fhir\.nhs\.(?:uk|net)/id/([A-Za-z-]+)|https?://directory\.spineservices\.nhs\.uk/STU3/(\w+)", re.IGNORECASE
)
_LISTS: Final = re.compile(r".*/Extension-eRS-(\w+?)-Work[Ll]istItem(?:-\d+)?")
_LISTED: Final = re.compile(r"[?&]listType=([A-Z_]{1,64})(?:&|$)")
_ASKED: Final = re.compile(r".*/eRS-(\w+?)(?:-Request)?-Parameters(?:-\d+)?")
_R4: Final = frozenset({"ServiceRequest", "HealthcareService"})
"""Types that the service gives in R4 alone."""


def shape(message: dict[str, Any]) -> Node:
    """The tree of a message; a resource alone is the only entry.

    Beside what ``interop.formats.stu3`` adds, an identifier has ``@name``, the last word of its system whatever its publisher and
    spelling (``nhs-number``, ``ers-service``, ``sds-user-id``, ``ods-organization-code``); a List has ``@worklist``, the kind of
    worklist that its items are of or that its address names, the Parameters of a request ``@operation``, what is asked for. A
    reference to a person who is contained for nothing but a number has that number, as other references have it.
    """
    from interop.formats.json import as_node
    from interop.formats.stu3 import read_stu3

    root = as_node(message if message["resourceType"] == "Bundle" else {"entry": [{"resource": message}]})
    read_stu3(root)
    _kinds(root)
    for entry in root.kids.get("entry", ()):
        for resource in entry.kids.get("resource", ()):
            _names(resource, entry.text("fullUrl") or "")
            _contained(resource)
    return root


def resources(tree: Node) -> list[Node]:
    """The resources that a message holds, in order."""
    return [each for entry in tree.kids.get("entry", ()) for each in entry.kids.get("resource", ())]


def r4(tree: Node) -> bool:
    """Whether a message is of the service's R4 API."""
    return any(each.text("resourceType") in _R4 for each in resources(tree)) or "/R4/" in (tree.text("link/url") or "")


def _kinds(node: Node) -> None:
    for name, kids in node.kids.items():
        for kid in kids:
            if name in _IDENTIFIER and (found := _KIND.fullmatch((kid.text("system") or "").strip())):
                kid.add("@name", (found[1] or "ods-organization-code").lower())
            elif kid.kids:
                _kinds(kid)


def _names(resource: Node, address: str) -> None:
    kind = resource.text("resourceType")
    if kind == "List":
        items = [each for entry in resource.kids.get("entry", ()) for each in entry.kids.get("extension", ())]
        told = (_LISTS.fullmatch(each.text("url") or "") for each in items)
        found = [said[1] for said in told if said is not None] or _LISTED.findall(address)
        if found:
            resource.add("@worklist", found[0])
    elif kind == "Parameters":
        for profile in [each for meta in resource.kids.get("meta", ()) for each in meta.kids.get("profile", ())]:
            if said := _ASKED.fullmatch(profile.value or ""):
                resource.add("@operation", said[1])


def _contained(resource: Node) -> None:
    """Give references to contained Patients and Practitioners the identifier of these."""
    people = {
        f"#{one.text('id')}": identifier
        for one in resource.kids.get("contained", ())
        if one.text("resourceType") in ("Patient", "Practitioner") and (identifier := one.kid("identifier")) is not None
    }
    if people:
        _identify(resource, people)


def _identify(node: Node, people: dict[str, Node]) -> None:
    said = node.text("reference")
    if said in people and "identifier" not in node.kids:
        node.kids["identifier"] = [people[said]]
    for name, kids in node.kids.items():
        if name != "contained":
            for kid in kids:
                if kid.kids:
                    _identify(kid, people)
