"""The tables of the plan, under ``mappings/careplan``: a clinical safety officer reads and signs them. Checked at load.

| table | a row says |
|---|---|
| ``headings.csv`` | a heading, in the order of the page: ``single`` if there can be but one value at a time, ``voice`` whose |
| | later word then takes the place of the earlier |
| ``content.csv`` | what of FHIR is a line under a heading: ``each`` occurrence of ``type`` for which ``when`` holds |
| ``codes.csv`` | codes by set; ``means`` is the word for what a code says |
| ``meanings.csv`` | those words, and how they read; ``signs`` begin words that say the same: beside a code of another meaning |
| | they contradict it |
| ``types.csv`` | where a type tells its status, date, author, end of validity and review date |
| ``standing.csv`` | what a status comes to: ``current``, ``history`` or ``never`` told |
| ``labels.csv`` | a label before words that somebody wrote, and the heading under which they stand besides |
| ``written.csv`` | where words stand that somebody wrote: ``plan`` if they are a plan's own |
| ``prsb.csv`` | every element of the PRSB standard: where it comes from, or why it is not carried |

Of rows over the same parts of a type (``each``) the first that fits takes the part; without ``each`` every row counts. A set of
codes that has the heading's name holds, beside those of SNOMED CT, one of our own by which clients place what they write.
``when`` is that of ``interop.careplan.conditions``, paths are those of ``interop.careplan.paths``, alternatives with ``|`` between.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from interop.careplan.conditions import When
from interop.careplan.labels import Labels
from interop.careplan.paths import Path
from interop.careplan.plan import Heading

Alternatives = tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """A row of ``content.csv``; of alternatives the first that says something counts, of ``notes`` all do."""

    row: str
    heading: str
    type: str
    each: Path
    when: When
    means: str
    text: Alternatives
    trigger: Alternatives
    role: Alternatives
    who: Alternatives
    timing: Alternatives
    telecom: Alternatives
    notes: Alternatives
    why: str


class Wording(NamedTuple):
    """A row of ``written.csv``: all of its texts count; ``plan``: they are a plan's own words."""

    row: Content
    plan: bool


class Kind(NamedTuple):
    """A row of ``types.csv``: all of ``status`` count; ``ended`` is ``said`` or ``history``, what the end of validity comes to."""

    type: str
    status: Alternatives
    date: Alternatives
    author: Alternatives
    until: Alternatives
    review: Alternatives
    ended: str


class Element(NamedTuple):
    """A row of ``prsb.csv``: ``heading`` '' for what is not carried, ``of`` what it comes from."""

    element: str
    heading: str
    of: str
    why: str


CPR: Final = "cpr"
PLANS: Final = "additional-plans"
"""The heading under which plans stand whole."""
FORBIDDEN: Final = "not-for-cpr"
"""The meaning of which no words are left out, whoever coded them: nobody may be resuscitated for want of a code."""


@dataclass(frozen=True, slots=True, eq=False)
class PlanTables:
    """``content`` and ``kinds`` by type, ``sets`` of (system, code), ``means`` and ``displays`` by (system, code),
    ``says`` how each meaning reads, ``worded`` the
    meaning of words that are those of a meaning or of a code, ``signs`` of words that hint at one, ``standings`` by
    (type, status)."""

    headings: Mapping[str, Heading]
    content: Mapping[str, tuple[Content, ...]]
    kinds: Mapping[str, Kind]
    sets: Mapping[str, frozenset[tuple[str, str]]]
    means: Mapping[tuple[str, str], str]
    displays: Mapping[tuple[str, str], str]
    says: Mapping[str, str]
    worded: Mapping[str, str]
    signs: Mapping[str, str]
    standings: Mapping[tuple[str, str], str]
    prsb: tuple[Element, ...]
    written: Mapping[str, tuple[Wording, ...]]
    labels: Labels

    def signed(self, words: str) -> set[str]:
        """The meanings that words hint at, as ``plain`` has them. Of signs within each other the longest counts."""
        found = set()
        for sign in sorted(self.signs, key=lambda each: (-len(each), each)):
            shorter = re.sub(rf"(?<!\w){re.escape(sign)}", "\0", words)
            if shorter != words:
                found.add(self.signs[sign])
                words = shorter
        return found

    @property
    def types(self) -> tuple[str, ...]:
        """Types that a plan is made of, in order."""
        return tuple(sorted(self.content))
