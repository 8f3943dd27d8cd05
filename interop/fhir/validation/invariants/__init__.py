"""Invariants of base R4: natively where they are hot, else by their FHIRPath."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interop.fhir.findings import Findings
from interop.fhir.validation.invariants.evaluated import broken, by_expression
from interop.fhir.validation.invariants.known import Invariant, of_block, of_element
from interop.fhir.validation.invariants.native import native
from interop.fhir.validation.structure.run import Run

Check = Callable[[Any, Run], Findings | None]


def checks(block: str) -> tuple[Check, ...]:
    """The checks of a block's JSON object, one for each of its invariants."""
    return tuple(_check(each, block, block) for each in of_block(block))


def element_checks(path: str, datatype: str) -> tuple[Check, ...]:
    """The checks of an element's value, which is of ``datatype``, beside those of its type."""
    return tuple(_check(each, path, datatype) for each in of_element(path))


def _check(invariant: Invariant, path: str, datatype: str) -> Check:
    expression = by_expression(invariant, datatype)
    test = native(path, invariant.key)
    if test is None:
        return expression
    finding = [broken(invariant)]

    def check(value: Any, run: Run) -> Findings | None:
        held = test(value, run)
        if held:
            return None
        return finding if held is False else expression(value, run)

    return check
