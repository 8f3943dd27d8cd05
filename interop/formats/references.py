"""The parts of FHIR references in JSON: ``ReferralRequest/7/_history/6`` as ``reference/@type`` and ``reference/@id``."""

from __future__ import annotations

import re

from interop.formats.tree import Node

_REFERENCE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")


def split_references(root: Node) -> None:
    """Give every ``reference`` text of that form (FHIR, references.html#literal) the kids ``@type`` and ``@id``."""
    for node in root.kids.get("reference", ()):
        found = _REFERENCE.fullmatch(node.value or "")
        if found:
            node.add("@type", found[1])
            node.add("@id", found[2])
    for kids in root.kids.values():
        for kid in kids:
            split_references(kid)
