"""Outcomes as text, as JSON lines, as JUnit XML; and the exit code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from conformance.judged.outcome import FAIL, SKIP, VERDICTS, WARN, Outcome
from conformance.validate.outputs import legible

Say = Callable[[str], None]


class Form(NamedTuple):
    """How outcomes are shown: JSON lines in place of text; a JUnit file besides; skipped cases one by one."""

    as_json: bool = False
    junit: Path | None = None
    verbose: bool = False


def show(title: str, outcomes: Sequence[Outcome], form: Form, say: Say) -> int:
    """Print them; the exit code: 1 where a check failed, else 0."""
    if form.junit is not None:
        form.junit.write_text(junit(title, outcomes), "utf-8")
    if form.as_json:
        for each in outcomes:
            say(json.dumps(each.as_json(), ensure_ascii=False))
    else:
        for line in text(outcomes, form.verbose):
            say(line)
    return int(any(each.verdict == FAIL for each in outcomes))


def text(outcomes: Sequence[Outcome], verbose: bool = False) -> list[str]:
    """What failed, with its exchange; then a line a suite; then the sum."""
    lines: list[str] = []
    for each in outcomes:
        if each.verdict in (FAIL, WARN) or (verbose and each.verdict == SKIP):
            lines.append(f"{each.verdict:8} {each.suite}: {each.case}: {each.why}")
            lines += [f"         {line}" for line in each.exchange.splitlines()]
    suites = list(dict.fromkeys(each.suite for each in outcomes))
    width = max([len(suite) for suite in suites], default=0)
    if lines:
        lines.append("")
    for suite in suites:
        lines.append(f"{suite:{width}}  {_counts([each for each in outcomes if each.suite == suite])}")
    lines.append(f"{'all':{width}}  {_counts(outcomes)}")
    if not verbose:
        reasons = Counter(each.why for each in outcomes if each.verdict == SKIP)
        lines += [f"skipped: {count} x {reason}" for reason, count in reasons.most_common()]
    return [legible(line) for line in lines]


def _counts(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(each.verdict for each in outcomes)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    return told or "nothing was checked"


def junit(title: str, outcomes: Sequence[Outcome]) -> str:
    """``testsuites`` > ``testsuite`` > ``testcase``, as build servers read it."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={_quoted(title)}>"]
    for suite in dict.fromkeys(each.suite for each in outcomes):
        cases = [each for each in outcomes if each.suite == suite]
        counts = Counter(each.verdict for each in cases)
        sums = f'tests="{len(cases)}" failures="{counts[FAIL]}" errors="0" skipped="{counts[SKIP]}"'
        lines.append(f"  <testsuite name={_quoted(suite)} {sums}>")
        for each in cases:
            lines.append(
                f'    <testcase classname={_quoted(suite)} name={_quoted(each.case)} time="{each.seconds:.3f}"{_inside(each)}'
            )
        lines.append("  </testsuite>")
    lines.append("</testsuites>\n")
    return "\n".join(lines)


def _inside(each: Outcome) -> str:
    match each.verdict:
        case "fail":
            return f"><failure message={_quoted(each.why)}>{escape(legible(each.exchange))}</failure></testcase>"
        case "skipped":
            return f"><skipped message={_quoted(each.why)}/></testcase>"
        case "warning":
            return f"><system-out>{escape(legible(each.why))}</system-out></testcase>"
    return "/>"


def _quoted(said: str) -> str:
    return quoteattr(legible(said))
