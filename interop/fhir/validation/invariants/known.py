"""Which invariants R4 states, and of what: those of a block, and those that an element adds to its type's."""

from __future__ import annotations

from interop.fhir import facts
from interop.fhir.facts import Invariant as Invariant

STRUCTURAL = frozenset({"dom-2", "dom-3", "dom-4", "dom-5", "ele-1", "ref-1", "txt-1", "txt-2"})
"""Keys that the structure pass judges as it walks: emptiness, contained resources, fragments, narratives."""


def of_block(block: str) -> tuple[Invariant, ...]:
    """The invariants of a block, but for those that the structure pass judges."""
    return tuple(each for each in facts.invariants(block) if each.key not in STRUCTURAL)


def of_element(path: str) -> tuple[Invariant, ...]:
    """The invariants that an element adds to those of its types."""
    return tuple(each for each in facts.element_invariants(path) if each.key not in STRUCTURAL)


def simple_quantity(path: str) -> bool:
    """Whether an element is a SimpleQuantity: a Quantity with no comparator."""
    return "SimpleQuantity" in facts.profiles(path)
