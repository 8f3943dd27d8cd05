"""The results as a table for people, or as a JSON line each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from conformance.cases.run import AGREE, INVENTED, MISSED, SKIPPED, Result

_COLUMNS = (AGREE, MISSED, INVENTED, SKIPPED)


def lines(results: Iterable[Result]) -> Iterator[str]:
    """A JSON line for each leg: the verdict on valid or invalid, the numbers of errors, and the places that only one names."""
    for each in results:
        row = {
            "case": each.case,
            "category": each.category,
            "leg": each.leg,
            "verdict": each.verdict,
            "reason": each.reason,
            "expected": each.expected,
            "errors": each.errors,
            "lost": list(each.lost),
            "extra": list(each.extra),
            "issues": [
                {"severity": issue.severity, "expression": issue.expression, "rule": issue.rule, "message": issue.message}
                for issue in each.findings
            ],
        }
        yield json.dumps({key: value for key, value in row.items() if value not in ("", [])})


def table(results: list[Result]) -> Iterator[str]:
    """The disagreements one by one, then how each category went, then all."""
    for each in results:
        if each.verdict in (MISSED, INVENTED):
            places = each.lost if each.verdict == MISSED else each.extra
            yield f"{each.verdict:9} {each.case} ({each.leg}): {', '.join(places[:3])}"
    yield ""
    width = max([len(each.category) for each in results], default=8) + 2
    yield "category".ljust(width) + "".join(f"{column:>10}" for column in _COLUMNS)
    for category in sorted({each.category for each in results}):
        yield _row(category, Counter(each.verdict for each in results if each.category == category), width)
    total = Counter(each.verdict for each in results)
    yield _row("all", total, width)
    judged = total[AGREE] + total[MISSED] + total[INVENTED]
    same = sum(1 for each in results if each.verdict == AGREE and not each.lost and not each.extra)
    yield f"{total[AGREE]} of {judged} agree on valid or invalid; {same} on the place of every error too"


def _row(name: str, counts: Counter[str], width: int) -> str:
    return name.ljust(width) + "".join(f"{counts[column]:>10}" for column in _COLUMNS)
