"""What came out for one resource, and what it comes to for all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from interop.fhir.findings import ERROR, INFORMATION, WARNING, Finding
from interop.fhir.validation.order import counted

NOT_CHECKED = "not-supported"
"""The code of a finding that says what could not be judged."""

SEVERITIES = (ERROR, WARNING, INFORMATION)
_PLACE = re.compile(r"\[\d+\]")


class Reason(NamedTuple):
    """Why something was not checked: of what rule it is, and what stands in the way."""

    rule: str
    text: str


class Checked(NamedTuple):
    """One resource: where it stands in its file ('' where it is all of it), its type ('' where it is none), the profiles that it
    was checked against, and what was found."""

    label: str
    type: str
    profiles: tuple[str, ...]
    findings: list[Finding]


@dataclass(slots=True)
class Totals:
    """What a file or all of them come to. ``unchecked`` counts by what is said of what was not checked."""

    files: int = 0
    resources: int = 0
    flawed: int = 0
    severities: Counter[str] = field(default_factory=Counter)
    unchecked: Counter[Reason] = field(default_factory=Counter)

    def add(self, checked: Checked) -> None:
        """Count one resource."""
        self.resources += 1
        for finding in checked.findings:
            if is_unchecked(finding):
                reason, count = reason_of(finding)
                self.unchecked[reason] += count
            else:
                self.severities[finding.severity] += 1

    def end(self, file: Totals) -> None:
        """Count a file that has come to its end."""
        self.files += 1
        self.flawed += bool(file.errors)
        self.resources += file.resources
        self.severities.update(file.severities)
        self.unchecked.update(file.unchecked)

    @property
    def errors(self) -> int:
        """How many errors."""
        return self.severities[ERROR]

    @property
    def warnings(self) -> int:
        """How many warnings."""
        return self.severities[WARNING]


def is_unchecked(finding: Finding) -> bool:
    """Whether it only says that something could not be judged."""
    return finding.severity == INFORMATION and finding.code == NOT_CHECKED


def told(findings: Iterable[Finding]) -> list[Finding]:
    """What there is to read: everything but what was not checked, the gravest first."""
    return sorted((each for each in findings if not is_unchecked(each)), key=lambda each: SEVERITIES.index(each.severity))


def alike(finding: Finding) -> tuple[str, str, str, str, str]:
    """The same for findings that differ only in the place within a list."""
    return finding.severity, _PLACE.sub("", finding.expression), finding.message, finding.rule, finding.profile


def plural(count: int, noun: str) -> str:
    """``1 error``, ``1,204 errors``."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def summary(totals: Totals) -> str:
    """One line of what it comes to."""
    parts = [plural(totals.files, "file")]
    if totals.resources != totals.files:
        parts.append(plural(totals.resources, "resource"))
    parts += [plural(totals.errors, "error"), plural(totals.warnings, "warning")]
    return ", ".join(parts)


def reason_of(finding: Finding) -> tuple[Reason, int]:
    """Why something was not checked, without what it was, and for how many places the finding stands."""
    message, count = counted(finding.message)
    return Reason(finding.rule, message.removeprefix("not checked: ").rpartition(": ")[2]), count


NOUNS = {"binding": "code", "extension": "extension", "profile": "profile", "reference": "reference"}


def unchecked_lines(totals: Totals, most: int | None = None) -> list[str]:
    """What was not checked, a line a reason, the most frequent first, with the option that would mend it."""
    lines = [_reason(reason, count) for reason, count in totals.unchecked.most_common()]
    if most is not None and len(lines) > most:
        return [*lines[:most], f"and for {plural(len(lines) - most, 'other reason')}"]
    return lines


def _reason(reason: Reason, count: int) -> str:
    hint = ""
    if reason.text.endswith("not loaded"):
        hint = " (give --terminology)" if reason.text.startswith(RELEASES) else " (give --package)"
    return f"{plural(count, NOUNS.get(reason.rule, 'rule'))} not checked: {reason.text}{hint}"


RELEASES = ("SNOMED", "dm+d")
"""Beginnings of what is said of terminologies that come as releases."""
