"""An OperationOutcome a file, a line each (FHIR R4, OperationOutcome)."""

from __future__ import annotations

from typing import Any, BinaryIO
from xml.sax.saxutils import escape

import orjson

from conformance.validate.checked import Checked, Totals, plural
from conformance.validate.comparison import Comparison
from conformance.validate.outputs import Spool, legible
from interop.fhir.findings import Finding

ISSUE_TYPES = frozenset(
    (
        "invalid",
        "structure",
        "required",
        "value",
        "invariant",
        "security",
        "login",
        "unknown",
        "expired",
        "forbidden",
        "suppressed",
        "processing",
        "not-supported",
        "duplicate",
        "multiple-matches",
        "not-found",
        "deleted",
        "too-long",
        "code-invalid",
        "extension",
        "too-costly",
        "business-rule",
        "conflict",
        "transient",
        "lock-error",
        "no-store",
        "exception",
        "timeout",
        "incomplete",
        "throttled",
        "informational",
    )
)
"""The codes of issue-type; another is told as ``processing``."""


class Outcomes:
    """``issue.diagnostics`` names file, place in it, rule and profile; a file without issues has one that says so."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._name = ""
        self._issues = Spool()

    def begin(self, name: str) -> None:
        self._name = legible(name)
        self._issues = Spool()

    def resource(self, checked: Checked) -> None:
        for finding in checked.findings:
            place = f"{self._name}, {checked.label}" if checked.label else self._name
            self._add(issue(finding, place))

    def end(self, file: Totals, profiles: list[str], second: Comparison | None) -> None:
        for said in second.theirs if second else ():
            found = Finding("information", said.expression, "informational", f"only the second validator: {said.message}", "second")
            self._add(issue(found, self._name))
        if not self._issues.pieces:
            clean = f"{plural(file.resources, 'resource')}, no issue"
            self._add(issue(Finding("information", "", "informational", clean, ""), self._name))
        counts = f"{self._name}: {plural(file.errors, 'error')}, {plural(file.warnings, 'warning')}"
        text = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{escape(counts)}</p></div>'}
        head = {"resourceType": "OperationOutcome", "text": text}
        self._out.write(orjson.dumps(head)[:-1] + b',"issue":[')
        self._issues.pour(self._out)
        self._out.write(b"]}\n")
        self._out.flush()

    def close(self, totals: Totals) -> None:
        self._out.flush()

    def _add(self, made: dict[str, Any]) -> None:
        self._issues.add(("," if self._issues.pieces else "") + orjson.dumps(made).decode())


def issue(finding: Finding, place: str) -> dict[str, Any]:
    """OperationOutcome.issue of a finding."""
    made: dict[str, Any] = {
        "severity": finding.severity,
        "code": finding.code if finding.code in ISSUE_TYPES else "processing",
        "details": {"text": finding.message},
        "diagnostics": "; ".join(part for part in (place, finding.rule, finding.profile) if part),
    }
    if finding.expression:
        made["expression"] = [finding.expression]
    return made
