"""Findings of members joined to those of what holds them."""

from __future__ import annotations

from interop.fhir.findings import ERROR, WARNING, Finding, Findings

LIMIT = 1_000
"""Findings of one object or array, after which warnings are not told, and errors only as many again."""
MORE = Finding(WARNING, "", "too-costly", "has more findings than are told")


def join(findings: Findings | None, found: Findings, step: str) -> Findings:
    """The findings of an object with those of its member ``step`` (a name, ``[3]``, or '' for the object itself)."""
    if findings is None:
        findings = []
    for each in found:
        if len(findings) >= LIMIT:
            if len(findings) == LIMIT:
                findings.append(MORE)
            if each.severity != ERROR or len(findings) > 2 * LIMIT:
                continue
        findings.append(within(step, each) if step else each)
    return findings


def within(step: str, finding: Finding) -> Finding:
    """A finding of a member, seen from the object."""
    rest = finding.expression
    return finding._replace(expression=step + rest if rest[:1] == "[" else f"{step}.{rest}" if rest else step)
