"""The XHTML of a narrative (FHIR R4 narrative, section 2.4.0; invariants txt-1 and txt-2)."""

from __future__ import annotations

from typing import Any

from interop.fhir import xhtml
from interop.fhir.findings import ERROR, Finding, Findings
from interop.fhir.primitives import TESTS, fault
from interop.fhir.validation.structure.run import Run

_test = TESTS["xhtml"]


def div(value: Any, _: Run) -> Findings | None:
    """The ``div`` of a narrative."""
    if not _test(value):
        return [Finding(ERROR, "", "value", fault("xhtml", value), "value")]
    reasons = xhtml.problems(value)
    return [Finding(ERROR, "", "invariant", each, "txt-2" if each == xhtml.BLANK else "txt-1") for each in reasons] or None
