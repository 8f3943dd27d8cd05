"""The own words of plans, line by line, as their authors wrote them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from interop.careplan.plan import CURRENT, Given, Json, Written, WrittenLine
from interop.careplan.saying import Reader, Statement
from interop.careplan.tables import PLANS, PlanTables, Wording
from interop.fhir.shapes import text

_BREAK: Final = re.compile(r"<(?:/(?:p|div|li|tr|h[1-6]|ul|ol|table|caption|dt|dd|pre)|br\s*/?)\s*>", re.IGNORECASE)
_CELL: Final = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


class Writing:
    """Gathers the words of one resource after the other: ``plans`` are those of plans that count."""

    def __init__(self, reader: Reader, tables: PlanTables) -> None:
        self._reader, self._tables = reader, tables
        self.plans: list[Written] = []

    def read(self, given: Given, statements: Iterable[Statement], old: bool) -> None:
        """Of one resource, of which these are the statements; ``old``: another plan has taken its place."""
        resource = given.resource
        rows = self._tables.written.get(text(resource, "resourceType"), ())
        if not rows or old or self._reader.standing(resource) != CURRENT:
            return
        said = [(one.heading, {one.text, *one.origin.notes}) for one in statements if one.heading != PLANS]
        lines = [line for row in rows if row.plan for line in self._lines(row, resource, said)]
        if lines:
            self.plans.append(Written(self._reader.origin(given), self._reader.called(resource), tuple(lines)))

    def _lines(self, wording: Wording, resource: Json, said: Iterable[tuple[str, set[str]]]) -> Iterator[WrittenLine]:
        for _, value, words, stands in self._reader.worded(wording.row, resource, CURRENT):
            if stands == CURRENT:
                headings = frozenset(heading for heading, whole in said if words in whole)
                yield from (WrittenLine(line, headings) for line in split(value))


def split(value: Any) -> Iterator[str]:
    """The lines of a text or a narrative, without those that hold nothing."""
    words = value if isinstance(value, str) else unmarked(text(value, "div"))
    for line in words.splitlines():
        if kept := _CONTROL.sub("", line).strip():
            yield kept


def unmarked(div: str) -> str:
    """XHTML as lines of text."""
    broken = _BREAK.sub("\n", _CELL.sub(" ", " ".join(div.split())))
    return html.unescape(_TAG.sub("", broken))
