"""Invariants of base R4: natively where they are hot, else by their FHIRPath."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from interop.fhir.findings import ERROR, WARNING, Finding, Findings
from interop.fhir.validation.invariants.evaluated import broken, by_expression, judge
from interop.fhir.validation.invariants.known import Invariant, of_block, of_element
from interop.fhir.validation.invariants.native import native
from interop.fhir.validation.invariants.native.reading import Native
from interop.fhir.validation.structure.run import Run

if TYPE_CHECKING:
    from interop.fhir.fhirpath import Environment, Item

Check = Callable[[Any, Run], Findings | None]
Test = tuple[Native, Callable[[bool | None, Any, Run], Findings | None]]
"""A native test of a block's object, and what is said where it does not give True."""


def tests(block: str) -> tuple[Test, ...]:
    """The invariants of a block that are written out in Python."""
    return tuple((test, _failed(each, block)) for each in of_block(block) if (test := native(block, each.key)))


def checks(block: str) -> tuple[Check, ...]:
    """The invariants of a block that are evaluated."""
    return tuple(by_expression(each, block) for each in of_block(block) if native(block, each.key) is None)


def element_checks(path: str, datatype: str) -> tuple[Check, ...]:
    """The invariants of an element, whose values are of ``datatype``, beside those of its type."""
    return tuple(_check(each, path, datatype) for each in of_element(path))


def evaluate(constraint: Mapping[str, Any], item: Item, environment: Environment) -> Finding | None:
    """Judge a constraint of a StructureDefinition at a node: None where it holds, else the finding, relative to the node."""
    said = (constraint.get(name) for name in ("key", "severity", "human", "expression"))
    key, severity, human, expression = (each if isinstance(each, str) else "" for each in said)
    return judge(Invariant(key, ERROR if severity == ERROR else WARNING, human, expression, False), item, environment)


def _failed(invariant: Invariant, datatype: str) -> Callable[[bool | None, Any, Run], Findings | None]:
    finding, expression = [broken(invariant)], by_expression(invariant, datatype)
    return lambda held, value, run: finding if held is False else expression(value, run)


def _check(invariant: Invariant, path: str, datatype: str) -> Check:
    test = native(path, invariant.key)
    if test is None:
        return by_expression(invariant, datatype)
    native_test, failed = test, _failed(invariant, datatype)

    def check(value: Any, run: Run) -> Findings | None:
        if not isinstance(value, dict):
            return None
        held = native_test(value, run)
        return None if held else failed(held, value, run)

    return check
