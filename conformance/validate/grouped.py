"""The findings of a file for a reader: those that differ only in their place within a list are one, with how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from conformance.validate.checked import SEVERITIES, Checked, alike, told
from interop.fhir.findings import Finding

SHOWN = 500
"""Kinds of finding that are kept of one file."""


@dataclass(slots=True)
class Kind:
    """The first of findings that are alike, where its resource stands in the file, and how many there are."""

    label: str
    finding: Finding
    count: int = 1


@dataclass(slots=True)
class Grouped:
    """Kinds of finding, at most ``SHOWN``; ``left_out`` counts findings of kinds beyond these."""

    kinds: dict[tuple[str, ...], Kind] = field(default_factory=dict)
    left_out: int = 0

    def add(self, checked: Checked) -> None:
        """Take in what there is to read of a resource."""
        for finding in told(checked.findings):
            key = alike(finding)
            if key in self.kinds:
                self.kinds[key].count += 1
            elif len(self.kinds) < SHOWN:
                self.kinds[key] = Kind(checked.label, finding)
            else:
                self.left_out += 1

    def __iter__(self) -> Iterator[Kind]:
        """The gravest first."""
        return iter(sorted(self.kinds.values(), key=lambda kind: SEVERITIES.index(kind.finding.severity)))

    def __bool__(self) -> bool:
        return bool(self.kinds)
