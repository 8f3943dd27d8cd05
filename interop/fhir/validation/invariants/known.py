"""Which invariants R4 states, and of what: those of a block, and those that an element adds to its type's."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from interop.fhir.definitions import Definitions

STRUCTURAL = frozenset({"dom-2", "dom-3", "dom-4", "dom-5", "ele-1", "ref-1", "txt-1", "txt-2"})
"""Keys that the structure pass judges as it walks: emptiness, contained resources, fragments, narratives."""


class Invariant(NamedTuple):
    """An invariant as a StructureDefinition states it; ``severity`` is ``error`` or ``warning``."""

    key: str
    severity: str
    human: str
    expression: str


@cache
def stated(path: str) -> tuple[Invariant, ...]:
    """All invariants at a path of a base definition (``Period``, ``Patient.contact``, ``Narrative.div``)."""
    definition = Definitions.base().structure(path.partition(".")[0])
    for element in definition["snapshot"]["element"] if definition else ():
        if element["path"] == path:
            return tuple(
                Invariant(each["key"], each["severity"], each["human"], each["expression"])
                for each in element.get("constraint", ())
                if "expression" in each
            )
    return ()


def of_block(block: str) -> tuple[Invariant, ...]:
    """The invariants of a block, but for those that the structure pass judges."""
    return tuple(each for each in stated(block) if each.key not in STRUCTURAL)


def of_element(path: str, types: tuple[str, ...]) -> tuple[Invariant, ...]:
    """The invariants that an element adds to those of its types; () for a backbone element, whose block has them."""
    if types[0] in ("BackboneElement", "Element"):
        return ()
    inherited = {each.key for datatype in types for each in stated(datatype)}
    return tuple(each for each in stated(path) if each.key not in inherited and each.key not in STRUCTURAL)


@cache
def simple_quantity(path: str) -> bool:
    """Whether an element is a SimpleQuantity: a Quantity with no comparator."""
    definition = Definitions.base().structure(path.partition(".")[0])
    for element in definition["snapshot"]["element"] if definition else ():
        if element["path"] == path:
            return any("SimpleQuantity" in profile for each in element.get("type", ()) for profile in each.get("profile", ()))
    return False
