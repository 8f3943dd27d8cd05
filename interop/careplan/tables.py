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

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from interop.careplan.conditions import Sets, When, WhenRefused, read_when
from interop.careplan.labels import KINDS, Label, LabelRefused, Labels
from interop.careplan.paths import Path, PathRefused
from interop.careplan.plan import STANDINGS, Heading
from interop.fhir import facts
from interop.fhir.searching.text import plain

COLUMNS: Final = {
    "headings": ("heading", "group", "title", "single", "voice", "code", "why"),
    "content": (
        "row", "heading", "type", "each", "when", "text", "means", "trigger", "role", "who", "timing", "telecom", "notes", "why",
    ),
    "codes": ("set", "system", "code", "display", "means", "why"),
    "meanings": ("means", "words", "signs", "why"),
    "types": ("type", "status", "date", "author", "until", "review", "ended", "why"),
    "standing": ("type", "status", "standing", "why"),
    "prsb": ("element", "heading", "from", "why"),
    "labels": ("label", "heading", "as", "why"),
    "written": ("row", "type", "each", "when", "text", "plan", "why"),
}  # fmt: skip
VOICES: Final = ("author", "source")
ENDED: Final = ("said", "history")
NAMES: Final = {
    "headings": "heading",
    "content": "row",
    "meanings": "means",
    "types": "type",
    "prsb": "element",
    "written": "row",
    "labels": "label",
}
"""The column that names a row."""
Alternatives = tuple[Path, ...]


class PlanRefused(ValueError):
    """Tables that do not hold together; each line names file, row and reason."""


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


def read_plan(lines: Callable[[str], Iterable[str]]) -> PlanTables:
    """The tables; ``lines`` gives those of a file by its name without ``.csv``. Raises PlanRefused with every reason found."""
    reading = _Reading(lines)
    made = reading.tables()
    if reading.refusals:
        raise PlanRefused("\n".join(reading.refusals))
    return made


@dataclass(slots=True)
class _Reading:
    lines: Callable[[str], Iterable[str]]
    refusals: list[str] = field(default_factory=list)

    def refuse(self, table: str, row: object, why: str) -> None:
        self.refusals.append(f"careplan/{table}.csv, row {row}: {why}")

    def rows(self, table: str) -> Iterator[dict[str, str]]:
        """The cells of each row that has a name of its own and a why."""
        reader = csv.DictReader(self.lines(table), strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS[table]:
            self.refuse(table, 1, f"the columns are {', '.join(COLUMNS[table])}")
            return
        seen = set()
        for number, cells in enumerate(reader, 2):
            said = {name: (value or "").strip() for name, value in cells.items() if name}
            key = said[NAMES[table]] if table in NAMES else tuple(said[name] for name in COLUMNS[table][:3])
            if None in cells or not key or key in seen:
                self.refuse(table, number, "it stands there twice" if key in seen else "it has too many cells, or no name")
            elif not said["why"]:
                self.refuse(table, number, "a row needs a why")
            else:
                yield said
            seen.add(key)

    def tables(self) -> PlanTables:
        headings = dict(self._headings())
        sets: dict[str, set[tuple[str, str]]] = {}
        means: dict[tuple[str, str], str] = {}
        displays: dict[tuple[str, str], str] = {}
        meanings = list(self.rows("meanings"))
        says = {cells["means"]: cells["words"] for cells in meanings}
        signs = {plain(sign): cells["means"] for cells in meanings for sign in filter(None, cells["signs"].split("|"))}
        for cells in self.rows("codes"):
            key = cells["system"], cells["code"]
            sets.setdefault(cells["set"], set()).add(key)
            displays[key] = cells["display"]
            if not all((*key, cells["display"])):
                self.refuse("codes", cells["code"], "a code has a system and a display")
            if cells["means"] and cells["means"] not in says:
                self.refuse("codes", cells["code"], f"meanings.csv does not know {cells['means']}")
            if cells["means"] and means.setdefault(key, cells["means"]) != cells["means"]:
                self.refuse("codes", cells["code"], "it means two things")
        kinds = {kind.type: kind for kind in self._kinds()}
        content: dict[str, list[Content]] = {}
        forbid = "|".join(re.escape(sign) for sign, meant in signs.items() if meant == FORBIDDEN)
        forbidding = {code for code, meant in means.items() if meant == FORBIDDEN}
        hints = {name: re.compile(rf"(?<!\w)(?:{forbid})") for name, held in sets.items() if forbid and held & forbidding}
        written: dict[str, list[Wording]] = {}
        for cells in self.rows("written"):
            for row in self._content("written", [cells], headings, sets, displays, kinds, hints):
                written.setdefault(row.type, []).append(Wording(row, cells["plan"] == "yes"))
        for row in self._content("content", self.rows("content"), headings, sets, displays, kinds, hints):
            content.setdefault(row.type, []).append(row)
            if row.means and row.means not in says:
                self.refuse("content", row.row, f"meanings.csv does not know {row.means}")
        for name in sorted(headings.keys() - {row.heading for rows in content.values() for row in rows}):
            self.refuse("headings", name, "nothing stands under it")
        prsb = tuple(Element(cells["element"], cells["heading"], cells["from"], cells["why"]) for cells in self.rows("prsb"))
        for one in prsb:
            if one.heading and one.heading not in headings:
                self.refuse("prsb", one.element, f"there is no heading {one.heading}")
        return PlanTables(
            headings,
            {name: tuple(rows) for name, rows in content.items()},
            kinds,
            {name: frozenset(codes) for name, codes in sets.items()},
            means,
            displays,
            says,
            {plain(displays[key]): word for key, word in means.items()} | {plain(reads): word for word, reads in says.items()},
            signs,
            self._standings(kinds),
            prsb,
            {name: tuple(rows) for name, rows in written.items()},
            Labels(self._labels(headings)),
        )

    def _labels(self, headings: Mapping[str, Heading]) -> Iterator[Label]:
        for cells in self.rows("labels"):
            label = Label(cells["label"], cells["heading"], cells["as"], cells["why"])
            if label.heading not in headings:
                self.refuse("labels", label.words, f"there is no heading {label.heading or 'without a name'}")
            if label.kind not in KINDS:
                self.refuse("labels", label.words, f"{label.kind} is none of {', '.join(filter(None, KINDS))}")
            try:
                Labels([label])
            except LabelRefused as error:
                self.refuse("labels", label.words, str(error))
            else:
                yield label

    def _headings(self) -> Iterator[tuple[str, Heading]]:
        for cells in self.rows("headings"):
            name = cells["heading"]
            if cells["single"] not in ("yes", "") or bool(cells["single"]) != (cells["voice"] in VOICES):
                self.refuse("headings", name, f"single is yes with a voice of {', '.join(VOICES)}, or both are empty")
            single = cells["single"] == "yes"
            yield name, Heading(name, cells["group"], cells["title"], single, cells["voice"], cells["code"], cells["why"])

    def _kinds(self) -> Iterator[Kind]:
        for cells in self.rows("types"):
            name = cells["type"]
            if name not in facts.resource_types():
                self.refuse("types", name, "R4 has no such type")
                continue
            status, date, author, until, review = (
                self._paths("types", name, name, cells[column]) for column in COLUMNS["types"][1:6]
            )
            if cells["ended"] not in ENDED:
                self.refuse("types", name, f"{cells['ended'] or 'nothing'} is none of {', '.join(ENDED)}")
            yield Kind(name, status, date, author, until, review, cells["ended"])

    def _content(
        self,
        table: str,
        rows: Iterable[dict[str, str]],
        headings: Mapping[str, Heading],
        sets: Sets,
        displays: Mapping[tuple[str, str], str],
        kinds: Mapping[str, Kind],
        hints: Mapping[str, re.Pattern[str]],
    ) -> Iterator[Content]:
        for read in rows:
            cells = dict.fromkeys(COLUMNS["content"], "") | {"heading": PLANS} | read
            row, type_ = cells["row"], cells["type"]
            if cells["heading"] not in headings:
                self.refuse(table, row, f"there is no heading {cells['heading'] or 'without a name'}")
            if type_ not in kinds:
                self.refuse(table, row, f"types.csv does not know {type_ or 'a type without a name'}")
                continue
            if not cells["text"]:
                self.refuse(table, row, "a line has a text")
            try:
                each = Path(cells["each"])
                each.check(type_)
                when = read_when(cells["when"], sets, displays, hints)
            except (PathRefused, WhenRefused) as error:
                self.refuse(table, row, str(error))
                continue
            within = ".".join((type_, *(name for name, _ in each.steps)))
            for path in when.paths:
                self._check(table, row, within, path)
            told = {name: self._paths(table, row, within, cells[name]) for name in COLUMNS["content"][5:13] if name != "means"}
            yield Content(row, cells["heading"], type_, each, when, cells["means"], why=cells["why"], **told)

    def _paths(self, table: str, row: str, within: str, cell: str) -> Alternatives:
        made = []
        for text in cell.split("|") if cell else ():
            try:
                path = Path("" if text == "." else text)
            except PathRefused as error:
                self.refuse(table, row, str(error))
                continue
            self._check(table, row, within, path)
            made.append(path)
        return tuple(made)

    def _check(self, table: str, row: str, within: str, path: Path) -> None:
        try:
            path.check(within)
        except PathRefused as error:
            self.refuse(table, row, str(error))

    def _standings(self, kinds: Mapping[str, Kind]) -> dict[tuple[str, str], str]:
        found = {}
        for cells in self.rows("standing"):
            name, status = cells["type"], cells["status"]
            if cells["standing"] not in STANDINGS:
                self.refuse("standing", f"{name} {status}", f"{cells['standing'] or 'nothing'} is none of {', '.join(STANDINGS)}")
            if name not in kinds:
                self.refuse("standing", f"{name} {status}", f"types.csv does not know {name}")
            found[name, status] = cells["standing"]
        for kind in kinds.values():
            for path in kind.status:
                for status in sorted(_statuses(kind.type, path) - {status for type_, status in found if type_ == kind.type}):
                    self.refuse("standing", kind.type, f"nothing is said of the status {status}")
        return found


def _statuses(type_: str, path: Path) -> frozenset[str]:
    """The values that a status may have: of its value set, or true and false."""
    element = facts.element(f"{type_}.{'.'.join(name for name, _ in path.steps)}")
    if element is not None and element.types == ("boolean",):
        return frozenset(("true", "false"))
    return (facts.codes(element.binding) or frozenset()) if element is not None and element.binding else frozenset()
