"""What a check finds: one value for structure, invariants, profiles and terminology (FHIR R4, OperationOutcome.issue)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

ERROR, WARNING, INFORMATION = "error", "warning", "information"


class Finding(NamedTuple):
    """What is wrong and where.

    ``severity`` and ``code`` are of OperationOutcome.issue; ``expression`` is a FHIRPath from the resource's type
    (``Patient.name[0].given[1]``), with ``value[x]`` for a choice of which no single form is meant. Neither it nor ``message`` ever
    holds a value of the resource or a name that R4 lacks, for both may be logged. ``rule`` says what demanded it: the key of an
    invariant (``dom-3``) or one of ``structure``, ``cardinality``, ``value``, ``binding``, ``reference``, ``slicing``, ``fixed``,
    ``extension``, ``must-support``, ``profile``, ``document``, ``absolute``. ``profile`` is the canonical URL of the profile whose
    rule it is, '' for base R4 and for a claim of one that is not loaded.
    """

    severity: str
    expression: str
    code: str
    message: str
    rule: str = "structure"
    profile: str = ""


Findings = list[Finding]


def at(step: str, findings: Iterable[Finding]) -> Findings:
    """Findings of a child with relative expressions, seen from its parent: ``at("name[0]", ...)`` makes
    ``family`` ``name[0].family``.

    An expression that is '' is the child itself; a step that is '' leads nowhere.
    """
    if not step:
        return list(findings)
    return [each._replace(expression=f"{step}.{each.expression}" if each.expression else step) for each in findings]


def failed(findings: Iterable[Finding]) -> bool:
    """Whether any is an error."""
    return any(each.severity == ERROR for each in findings)
