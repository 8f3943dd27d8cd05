"""The XHTML of a narrative (FHIR R4 narrative, section 2.4.0; invariants txt-1 and txt-2)."""

from __future__ import annotations

import re
from typing import Any

from interop.fhir import xhtml
from interop.fhir.findings import ERROR, Finding, Findings
from interop.fhir.primitives import TESTS, fault
from interop.fhir.validation.structure.run import Run

_test = TESTS["xhtml"]
_IMAGE = re.compile(r"""<(?:\w+:)?img\b[^>]{0,2000}?\ssrc\s{0,9}=\s{0,9}["'](#[A-Za-z0-9\-.]{1,64})["']""")


def div(value: Any, run: Run) -> Findings | None:
    """The ``div`` of a narrative; its images may show what is contained (FHIR R4, narrative, section 2.4.0.2)."""
    if not _test(value):
        return [Finding(ERROR, "", "value", fault("xhtml", value), "value")]
    if run.contained and "<img" in value:
        for each in _IMAGE.finditer(value):
            run.name(each[1])
    reasons = xhtml.problems(value)
    return [Finding(ERROR, "", "invariant", each, "txt-2" if each == xhtml.BLANK else "txt-1") for each in reasons] or None
