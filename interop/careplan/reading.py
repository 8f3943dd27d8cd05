"""Reads the tables of the plan, and refuses what does not hold together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from interop.careplan.conditions import Sets, WhenRefused, read_when
from interop.careplan.labels import KINDS, Label, LabelRefused, Labels
from interop.careplan.paths import Path, PathRefused
from interop.careplan.plan import STANDINGS, Heading
from interop.careplan.table_files import COLUMNS, TableFiles
from interop.careplan.tables import FORBIDDEN, PLANS, Alternatives, Content, Element, Kind, PlanTables, Wording
from interop.fhir import facts
from interop.fhir.searching.text import plain

VOICES: Final = ("author", "source")
ENDED: Final = ("said", "history")


class PlanRefused(ValueError):
    """Tables that do not hold together; each line names file, row and reason."""


def read_plan(lines: Callable[[str], Iterable[str]]) -> PlanTables:
    """The tables; ``lines`` gives those of a file by its name without ``.csv``. Raises PlanRefused with every reason found."""
    reading = _Reading(lines)
    made = reading.tables()
    if reading.refusals:
        raise PlanRefused("\n".join(reading.refusals))
    return made


@dataclass(slots=True)
class _Reading(TableFiles):
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
