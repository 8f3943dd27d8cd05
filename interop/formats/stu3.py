"""What tables of FHIR STU3 sources read beside the JSON: addresses of resources, and names of extensions without their variants.

``@ref`` of a resource, ``Condition/1``, and of each ``reference`` to it; a contained one's is that of its holder with ``#1``.
``@key`` of a resource: its id where that is a UUID, which is global, else its ``@ref``; of a contained one the UUID alone.
``@name`` of an extension: the end of its URL without publisher and version, so ``…/Extension-CareConnect-GPC-ActualProblem-1`` is
``ActualProblem``. A reference to what the message does not hold has ``@type`` and ``@id`` alone (``interop.formats.references``).
"""

from __future__ import annotations

import re
from typing import Final

from interop.formats.references import split_references
from interop.formats.tree import Node

_NAME: Final = re.compile(r"(?:.*/)?(?:Extension-)?(?:CareConnect-)?(?:(?:GPC|GPConnect|ITK)-)?(.+?)(?:-\d+)?")
_UUID: Final = re.compile(r"(?:urn:uuid:)?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


def read_stu3(root: Node) -> None:
    """Give a Bundle's resources, their references and extensions ``@ref``, ``@key``, ``@name``, ``@type`` and ``@id``."""
    split_references(root)
    known: dict[str, str] = {}
    holders = []
    for entry in root.kids.get("entry", ()):
        resource = entry.kid("resource")
        if resource is None:
            continue
        own, url = resource.text("id"), entry.text("fullUrl")
        address = f"{resource.text('resourceType')}/{own or url}" if own or url else ""
        if address:
            found = _UUID.fullmatch(own or url or "")
            resource.add("@ref", address)
            resource.add("@key", found[1] if found else address)
            known[address] = address
            known[url or address] = address
        holders.append((resource, address))
    for resource, address in holders:
        inside = dict.fromkeys(f"#{one.text('id')}" for one in resource.kids.get("contained", ()))
        for one in resource.kids.get("contained", ()):
            one.add("@ref", f"{address}#{one.text('id')}")
            if found := _UUID.fullmatch(one.text("id") or ""):
                one.add("@key", found[1])
        _name(resource, known | {local: f"{address}{local}" for local in inside} if inside else known)


def _name(node: Node, known: dict[str, str]) -> None:
    """Addresses and names of all that lies below a resource."""
    for reference in node.kids.get("reference", ()):
        said = reference.value or ""
        kind, identity = reference.text("@type"), reference.text("@id")
        address = known.get(said) or known.get(f"{kind}/{identity}")
        if address:
            reference.add("@ref", address)
    for extension in node.kids.get("extension", ()):
        if found := _NAME.fullmatch(extension.text("url") or ""):
            extension.add("@name", found[1])
    for name, kids in node.kids.items():
        if not name.startswith("@"):
            for kid in kids:
                if kid.kids:
                    _name(kid, known)
