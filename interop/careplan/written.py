"""The own words of plans, line by line as their authors wrote them, and under which headings their labels place them.

What is placed stands there whole, with what it goes on with and with a line before it that it hangs on: it means nothing else there
than where it was written. Nothing is made of it but, under resuscitation and places, what all words about these are read as.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from interop.careplan.answers import negated
from interop.careplan.conditions import ROOTS
from interop.careplan.labels import STEP, Labelled
from interop.careplan.meanings import same
from interop.careplan.plan import CURRENT, HISTORY, NEVER, Given, Origin, Written, WrittenLine
from interop.careplan.saying import Reader, Statement
from interop.careplan.tables import CPR, FORBIDDEN, PLANS, PlanTables, Wording
from interop.careplan.times import coming
from interop.fhir.searching.text import plain
from interop.fhir.shapes import text

LOOKED: Final = 1_000
"""Lines of a text in which labels are looked for; those after them are words of the plan all the same."""
WRAPPED: Final = 50
"""Characters of a line that may have been broken where it was full."""
JOINED: Final = 40
"""Lines that are placed as one."""
NEGATIVE: Final = "please-do"
"""The heading of which labels may forbid what follows: they stay before it."""
_BREAK: Final = re.compile(r"<(?:/(?:p|div|li|tr|h[1-6]|ul|ol|table|caption|dt|dd|pre)|br\s*/?)\s*>", re.IGNORECASE)
_CELL: Final = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_ENDED: Final = (".", "!", "?")


class Placed(NamedTuple):
    """Lines that stand under a heading: ``at`` their numbers, ``rest`` what stands after the label, ``when`` when to do it."""

    heading: str
    kind: str
    text: str
    rest: str
    when: str
    at: tuple[int, ...]


@dataclass(slots=True)
class _Text:
    """A value of a row: its lines, blank ones included, what of it is placed, and the headings under which it stands whole."""

    lines: list[str]
    placed: list[Placed]
    whole: frozenset[str]
    stands: str
    turned: str


class Writing:
    """Gathers the words of one resource after the other: ``plans`` are those of plans that count."""

    def __init__(self, reader: Reader, tables: PlanTables) -> None:
        self._reader, self._tables = reader, tables
        self.plans: list[Written] = []

    def read(self, given: Given, said: Iterable[Statement], old: bool) -> Iterator[Statement]:
        """What labels place of one resource, of which ``said`` are the statements; ``old``: another plan has taken its place."""
        resource = given.resource
        rows = self._tables.written.get(text(resource, "resourceType"), ())
        standing = self._reader.standings.of(resource) if rows else NEVER
        if standing == NEVER:
            return
        standing = HISTORY if old else standing
        under = [(one.heading, {one.text, *one.origin.notes}) for one in said if one.heading != PLANS]
        texts = [(row, one) for row in rows for one in self._texts(row, given, standing, under)]
        lines = [line for row, one in texts if row.plan and one.stands == CURRENT for line in _lines(one)]
        origin = self._reader.origin(given) if texts else None
        if origin is None:
            return
        if lines:
            self.plans.append(Written(origin, self._reader.telling.called(resource), tuple(lines)))
        for _, one in texts:
            yield from (self._statement(each, one, origin) for each in one.placed if each.heading in self._tables.headings)

    def _texts(self, row: Wording, given: Given, standing: str, under: Sequence[tuple[str, set[str]]]) -> Iterator[_Text]:
        for place, value, words, stands in self._reader.worded(row.row, given.resource, standing):
            lines = list(split(value))
            if any(lines):
                whole = frozenset(heading for heading, said in under if words in said)
                placed = [each for each in self._placed(lines) if each.heading not in whole]
                yield _Text(lines, placed, whole, stands, negated(place, row.row, ""))

    def _placed(self, lines: Sequence[str]) -> Iterator[Placed]:
        """What of lines stands under which headings, each line once under each."""
        told = [self._tables.labels.of(line) for line in lines[:LOOKED]]
        lead: list[int] = []
        reached = 0
        for at, found in enumerate(told):
            line = lines[at]
            first = next((each for each in found if each.first), None)
            if not line:
                lead = []
                continue
            before = lead
            if at and line[0].islower() and lines[at - 1] and not lines[at - 1].endswith((*_ENDED, ":", ";")):
                before = [*lead, at - 1]  # the line goes on with what the one before it began
            end = _end(lines, told, at, first)
            block = (*before, *range(at, end))
            words = "\n".join(lines[each] for each in block)
            by = {each.label.heading: each for each in reversed(found)}
            for heading, each in by.items():
                when = each.before if each.label.kind == STEP and each.first and not before else ""
                rest = "\n".join(filter(None, (each.rest, *lines[at + 1 : end]))) if each.first and not before else ""
                yield Placed(heading, each.label.kind, words, rest, when, block)
            if CPR not in by and (by or at >= reached) and self._about_cpr(words, bool(by)):
                yield Placed(CPR, "", words, "", "", block)
            reached = end if first is not None else reached
            if line.endswith(":") and (first is None or first.rest or first.label.heading == NEGATIVE):
                lead = [at]

    def _about_cpr(self, words: str, labelled: bool) -> bool:
        """Whether words are about resuscitation: those that forbid it wherever they stand, all that do where they are labelled."""
        said = plain(words)
        if not any(root in said for root in ROOTS):
            return False
        signs = self._tables.signed(said)
        return FORBIDDEN in signs or (labelled and bool(signs))

    def _statement(self, placed: Placed, one: _Text, origin: Origin) -> Statement:
        single = self._tables.headings[placed.heading].single
        said = placed.text if not one.turned or placed.text.startswith(one.turned) else one.turned + placed.text
        means = "" if one.turned or not single else next(filter(None, map(self._means, (placed.rest, placed.text))), "")
        notes: tuple[str, ...] = ()
        if means:
            said, notes = self._tables.says[means], (said,)
        key: tuple[str, ...] = (means or same(placed.rest if single and placed.rest and not one.turned else said),)
        if coming(origin.date, self._reader.now):
            begins = f"From {origin.date}: "
            said, means, notes = (f"{begins}{said}", "", notes) if single else (said, means, (*notes, f"{begins}not before."))
            key = (same(said),)
        if not single:
            key = (same(said), same(placed.when), "", "", "")
        kind = placed.kind if placed.kind != STEP else ""
        origin = replace(origin, notes=(*origin.notes, *notes), written=True)
        return Statement(placed.heading, said, key, (), means, placed.when, kind, "", "", (), origin, one.stands)

    def _means(self, words: str) -> str:
        return self._tables.worded.get(same(words), "")


def _end(lines: Sequence[str], told: Sequence[Sequence[Labelled]], at: int, first: Labelled | None) -> int:
    """Up to where what begins at a line goes: a label alone has all up to a blank line or another label; a line that has not ended
    what goes on with it."""
    end = at + 1
    if first is None:
        return end
    while end < min(len(told), at + JOINED) and lines[end] and not any(each.first for each in told[end]):
        if first.rest and not _goes_on(lines[end - 1], lines[end]):
            break
        end += 1
    return end


def _goes_on(line: str, following: str) -> bool:
    """Whether what a line says has not ended with it: it was broken off, or has points below it."""
    return not line.endswith(_ENDED) and (not following[0].isupper() or line[-1] in ",;:-–—" or len(line) >= WRAPPED)


def _lines(one: _Text) -> Iterator[WrittenLine]:
    headings: dict[int, set[str]] = {}
    for each in one.placed:
        for at in each.at:
            headings.setdefault(at, set()).add(each.heading)
    for at, line in enumerate(one.lines):
        if line:
            said = line if not one.turned or line.startswith(one.turned) else one.turned + line
            yield WrittenLine(said, frozenset(one.whole | headings.get(at, set())))


def split(value: Any) -> Iterator[str]:
    """The lines of a text or a narrative, '' for blank ones."""
    words = value if isinstance(value, str) else unmarked(text(value, "div"))
    for line in words.splitlines():
        yield _CONTROL.sub("", line).strip()


def unmarked(div: str) -> str:
    """XHTML as lines of text."""
    broken = _BREAK.sub("\n", _CELL.sub(" ", " ".join(div.split())))
    return html.unescape(_TAG.sub("", broken))
