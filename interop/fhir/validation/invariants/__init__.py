"""Invariants of base R4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interop.fhir.findings import Findings
from interop.fhir.validation.structure.run import Run

Check = Callable[[Any, Run], Findings | None]


def checks(block: str) -> tuple[Check, ...]:
    return ()


def element_checks(path: str) -> tuple[Check, ...]:
    return ()
