"""An OperationOutcome in place of what was asked for: why the practice's system gives no record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from interop.errors import Problem
from interop.formats.tree import Node

OUTCOME: Final = "OperationOutcome"
REASONS: Final = {
    "forbidden": "source-withheld",
    "suppressed": "source-withheld",
    "ACCESS_DENIED": "source-withheld",
    "NO_ORGANISATIONAL_CONSENT": "source-withheld",
    "NO_PATIENT_CONSENT": "source-withheld",
    "NO_RELATIONSHIP": "source-withheld",
    "expired": "source-denied",
    "login": "source-denied",
    "security": "source-denied",
    "exception": "source-unavailable",
    "no-store": "source-unavailable",
    "timeout": "source-unavailable",
    "transient": "source-unavailable",
    "INTERNAL_SERVER_ERROR": "source-unavailable",
    "throttled": "source-busy",
}
"""By the code of an issue (FHIR STU3, issue-type) or of its details (Spine-ErrorOrWarningCode-1); any other is an error of the
question."""
_LONGEST: Final = 40


def refused(outcomes: Sequence[Node]) -> Problem:
    """The reason, by the first code that tells one; the codes, which name nobody, are its detail."""
    said = list(dict.fromkeys(code for one in outcomes for issue in one.kids.get("issue", ()) for code in _codes(issue)))
    reason = next((REASONS[code] for code in said if code in REASONS), "source-error")
    return Problem(reason, where=f"{OUTCOME}.issue", detail=" ".join(said[:6]))


def _codes(issue: Node) -> Iterator[str]:
    """Its code and those of its details, where they are words."""
    codings = [coding for details in issue.kids.get("details", ()) for coding in details.kids.get("coding", ())]
    for code in (issue.text("code"), *(coding.text("code") for coding in codings)):
        if code and len(code) <= _LONGEST and code.replace("_", "").replace("-", "").isalpha():
            yield code
