"""What R4 demands of a resource or a part of one, and how what a source leaves out is said to be absent."""

from __future__ import annotations

from functools import cache
from typing import Any

from interop.fhir import facts

ABSENT: dict[str, Any] = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
}


@cache
def unknown(path: str) -> str:
    """``unknown`` where the required value set of a code has it: such a code cannot be absent."""
    element = facts.element(path)
    bound = element is not None and element.binding is not None and element.types == ("code",)
    return "unknown" if bound and element is not None and "unknown" in (facts.codes(element.binding or "") or ()) else ""


@cache
def demanded(path: str) -> tuple[tuple[str, tuple[str, ...], bool, bool], ...]:
    """The mandatory children of a block: a name, all that it may have (a choice), whether it is primitive, and repeats."""
    found = []
    for each in facts.children(path):
        if each.min:
            stem = each.name.removesuffix("[x]")
            forms = tuple(f"{stem}{kind[0].upper()}{kind[1:]}" for kind in each.types) if each.choice else (stem,)
            kind = each.types[0]
            found.append((forms[0], forms, facts.is_primitive(kind), each.max is None))
    return tuple(found)
