"""What came of a check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

PASS: Final = "pass"
FAIL: Final = "fail"
WARN: Final = "warning"
SKIP: Final = "skipped"
VERDICTS: Final = (PASS, FAIL, WARN, SKIP)


class Unusable(Exception):
    """What was given cannot be used: a file, a folder, a server that does not answer. The text is the sentence for the user."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A check, by the suite and the case that it belongs to.

    ``why`` says what was wanted and what came, or why it was not run; ``exchange`` is the request and the answer in short, where
    that helps to find the fault; ``seconds`` is the time it took.
    """

    suite: str
    case: str
    verdict: str
    why: str = ""
    exchange: str = ""
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Its parts by name, without the empty ones."""
        parts = {
            "suite": self.suite,
            "case": self.case,
            "verdict": self.verdict,
            "why": self.why,
            "exchange": self.exchange,
            "seconds": round(self.seconds, 4),
        }
        return {name: value for name, value in parts.items() if value}


def worst(verdicts: Iterable[str]) -> str:
    """The verdict of a whole: any failure fails it; it is skipped only where nothing of it was run."""
    found = set(verdicts)
    for verdict in (FAIL, WARN, PASS):
        if verdict in found:
            return verdict
    return SKIP
