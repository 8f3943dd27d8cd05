"""Row mutation of the mapping tables: drop a row, compile, map the worked examples, compare with what they expect.

A row whose loss no expectation notices *survives*: either no example brings what it maps, or none says what comes of it. Rows of
routes.csv, resources.csv, snapshots.csv and elements*.csv are all judged, rows of code tables and of labels where an example uses
them.

    scripts/mutate [-v] [FAMILY ...]
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from interop.errors import Problem
from interop.mapping.check import check_tables
from interop.mapping.examples import Example, Outcome, compare, examples, run, said
from interop.mapping.labels import Labelling, Labels
from interop.mapping.library import Family, adapters, compiled
from interop.mapping.lines import codes_name
from interop.mapping.reading import families, included, read_tables
from interop.mapping.refusal import Refusals, TablesRefused
from interop.mapping.sites import FOLDER, Deviations, deviating, deviations
from interop.mapping.source import SourceNames
from interop.mapping.tables import Tables

ROOT = Path(__file__).parent.parent.parent


_once = lru_cache(maxsize=8192)(compiled)
"""A mutant differs from its family in a function or two: the others are compiled once."""


class Row(NamedTuple):
    """A row of a family's tables; ``element`` is what it fills."""

    family: str
    file: str
    row: str
    element: str

    def __str__(self) -> str:
        return f"{self.family}/{self.file}, row {self.row} ({self.element})"


class Verdict(NamedTuple):
    """What became of a mutant: ``killed`` by a refusal or by an expectation, which ``why`` tells; of a survivor what changed."""

    row: Row
    killed: bool
    why: str


@dataclass(slots=True)
class Report:
    """The verdicts of a family; ``unused`` counts rows of code tables that no example uses and nobody judges."""

    family: str
    verdicts: list[Verdict] = field(default_factory=list)
    unused: int = 0

    @property
    def survivors(self) -> list[Verdict]:
        """The rows that nobody missed."""
        return [verdict for verdict in self.verdicts if not verdict.killed]


class Mutation:
    """The tables of a family, or of one of its sites, and their worked examples, which must all pass."""

    def __init__(self, family: str, site: str = "") -> None:
        refusals = Refusals()
        self.name, self.form = family, adapters()[family].format
        self.tables = read_tables(family, refusals, site=site)
        self.shared = read_tables(family, refusals) if site else self.tables
        self.names = SourceNames.read(family, None, refusals, site)
        refusals.settle()
        self.family = Family(check_tables(self.tables, self.names, self.form), traced=True)
        """Traced code keeps nothing from one message for the next, so that code tables can be exchanged under it."""
        self.examples = examples(family, site=site)
        self.outcomes = {example.name: run(self.family, example) for example in self.examples}
        wrong = [mismatch for example in self.examples for mismatch in compare(example, self.outcomes[example.name])]
        if wrong:
            raise AssertionError("\n".join(map(str, wrong)))

    def rows(self) -> list[Row]:
        """Every row that is judged, in the order of the files; those that several families include in the last of these; of a site
        what it says otherwise."""
        if site := self.tables.deviations.site:
            element = {row.row: f"{'|'.join(row.of)} {row.to}" for row in self.tables.deviations.elements}
            said_ = deviations(self.shared, self.tables.deviations)
            return [Row(self.name, one.file, one.row, element.get(one.row, f"code of {site}")) for one in said_]
        found = [Row(self.name, row.file, row.message, row.message) for row in self.tables.routes]
        found += [Row(self.name, row.file, row.resource, row.type or "context") for row in self.tables.resources]
        own = {folder: max(name for name in families() if folder in included(name)) for folder in self.tables.included}
        found += [
            Row(self.name, row.file, row.row, f"{'|'.join(row.of)} {row.to}")
            for row in self.tables.elements
            if own.get(row.file.rpartition("/")[0], self.name) == self.name
        ]
        found += [Row(self.name, "snapshots.csv", row.scope, "snapshot") for row in self.tables.snapshots]
        found += [Row(self.name, "labels", row, "label") for row in sorted(self.used_labels)]
        return found + [Row(self.name, f"codes/{table}.csv", source, "code") for table, source in sorted(self.used_codes)]

    @cached_property
    def used_codes(self) -> frozenset[tuple[str, str]]:
        """The rows of code tables that the examples use."""
        used: set[tuple[str, str]] = set()
        watched = {name: _Watched(name, table, used) for name, table in self.tables.codes.items()}
        for example in self.examples:
            self._with_codes(watched, example)
        return frozenset(used)

    @cached_property
    def used_labels(self) -> frozenset[str]:
        """The rows of the sets of sensitive codes that the examples use: SYSTEM|CODE, or the beginning of the code."""
        watched = _WatchedLabels(*self.family.labeller.sets)
        watched.used.clear()
        for example in self.examples:
            self._with_labels(watched, example)
        return frozenset(watched.used)

    def judge(self, row: Row) -> Verdict:
        """Drop a row and see who notices."""
        try:
            mutant = self.without(row)
        except TablesRefused as refused:
            return Verdict(row, True, f"refused at load: {refused.refusals[0]}")
        changed = ""
        for example in sorted(self.examples, key=lambda example: not self._touches(example, row)):
            try:
                outcome = self._outcome(mutant, example)
            except Problem as problem:
                return Verdict(row, True, f"{example.name}: {problem.reason.name}")
            noticed = next(iter(compare(example, outcome)), None)
            if noticed is not None:
                return Verdict(row, True, str(noticed))
            changed = changed or difference(example.name, self.outcomes[example.name], outcome)
        return Verdict(row, False, f"no line expects {changed}" if changed else "no example changes without it")

    def _outcome(self, mutant: Family | Labelling | dict[str, dict[str, Any]], example: Example) -> Outcome:
        if isinstance(mutant, Labelling):
            return self._with_labels(mutant, example)
        return self._with_codes(mutant, example) if isinstance(mutant, dict) else run(mutant, example)

    def without(self, row: Row) -> Family | Labelling | dict[str, dict[str, Any]]:
        """The family without a row, or its code tables or labels without it; raises TablesRefused."""
        if row.file == "labels":
            return unlabelled(self.family.labeller.sets, row.row)
        if self.tables.deviations.site:
            changed = deviating(self.shared, conforming(self.tables.deviations, row))
        elif row.file.startswith("codes/"):
            name = row.file.removeprefix("codes/").removesuffix(".csv")
            table = {source: code for source, code in self.tables.codes[name].items() if source != row.row}
            if not name.startswith("copy-"):
                return {name: table}
            changed = replace(self.tables, codes=self.tables.codes | {name: table})
        else:
            changed = dropped(self.tables, row)
        return Family(check_tables(changed, self.names, self.form), traced=True, part=_once)

    def _touches(self, example: Example, row: Row) -> bool:
        """Whether an example is likely to notice: it expects something of a resource that the row fills."""
        names = row.element.partition(" ")[0].split("|")
        return any(expected.resource.partition("#")[0] in (row.row, *names) for expected in example.expected)

    def _with_labels(self, sets: Labelling, example: Example) -> Outcome:
        before, self.family.labeller.sets = self.family.labeller.sets, sets
        try:
            return run(self.family, example)
        finally:
            self.family.labeller.sets = before

    def _with_codes(self, tables: dict[str, Any], example: Example) -> Outcome:
        before = {codes_name(name): self.family.space[codes_name(name)] for name in tables}
        self.family.space.update({codes_name(name): table for name, table in tables.items()})
        try:
            return run(self.family, example)
        finally:
            self.family.space.update(before)


class _Watched(dict[str, Any]):
    """A code table that notes which of its rows are asked for."""

    def __init__(self, name: str, table: dict[str, Any], used: set[tuple[str, str]]) -> None:
        super().__init__(table)
        self._name, self._used = name, used

    def get(self, key: str, default: Any = None) -> Any:
        found = super().get(key, default)
        if found is not None:
            self._used.add((self._name, key))
        return found

    def __contains__(self, key: object) -> bool:
        return self.get(str(key)) is not None


class _WatchedLabels(Labelling):
    """Sets of sensitive codes that note which of their rows are asked for."""

    used: ClassVar[set[str]] = set()

    def of(self, system: str, code: str) -> Labels | None:
        labels = super().of(system, code)
        if labels is not None:
            starts = (code[:length] for length in self.starts[system])
            exact = code in self.codes[system]
            self.used.add(f"{system}|{code if exact else next(one for one in starts if one in self.starts[system][len(one)])}")
        return labels


def unlabelled(sets: Labelling, row: str) -> Labelling:
    """The sets without a row."""
    system, _, code = row.partition("|")
    codes = {known: label for known, label in sets.codes[system].items() if known != code}
    starts = {size: {known: label for known, label in of.items() if known != code} for size, of in sets.starts[system].items()}
    return Labelling(sets.codes | {system: codes}, sets.starts | {system: starts})


def dropped(tables: Tables, row: Row) -> Tables:
    """The tables without a row of routes, resources or elements.

    A resource that no route makes any more is as good as gone, and its elements need not be touched.
    """
    if row.file == "routes.csv":
        return replace(tables, routes=[route for route in tables.routes if route.message != row.row])
    if row.file == "resources.csv":
        routes = [replace(route, resources=tuple(n for n in route.resources if n != row.row)) for route in tables.routes]
        return replace(tables, routes=routes)
    if row.file == "snapshots.csv":
        return replace(tables, snapshots=[one for one in tables.snapshots if one.scope != row.row])
    return replace(tables, elements=[element for element in tables.elements if element.row != row.row])


def conforming(said_: Deviations, row: Row) -> Deviations:
    """What a site says otherwise without a row: the family's holds again."""
    if "/codes/" not in row.file:
        return replace(said_, elements=[one for one in said_.elements if one.row != row.row])
    name = Path(row.file).stem
    table = {source: code for source, code in said_.codes[name].items() if source != row.row}
    return replace(said_, codes=said_.codes | {name: table})


def mutations(family: str) -> list[Mutation]:
    """Those of the family and of each of its sites."""
    shared = Mutation(family)
    return [shared, *(Mutation(family, site) for site in sorted(shared.tables.sites))]


def difference(example: str, before: Outcome, after: Outcome) -> str:
    """The first thing that two outcomes of an example differ in, '' where there is none."""
    one, other = facts(before), facts(after)
    for what in (*one, *other):
        if one.get(what) != other.get(what):
            return f"{example}: {what} {one.get(what, 'absent')}, it is now {other.get(what, 'absent')}"
    return ""


def facts(outcome: Outcome) -> dict[str, str]:
    """Everything that an outcome says, as an example would say it."""
    said_: dict[str, str] = {}
    for (name, place), body in outcome.bodies.items():
        label = f"{name}#{place + 1}"
        made = outcome.named[name][place]
        said_[f"{label} effect"] = f"{made.effect} {made.cancels}".strip()
        for register in made.deleted:
            said_[f"{label} delete {register.partition(':')[0]}"] = "deleted"
        for path, value in leaves(body):
            known = outcome.label(value.rpartition("/")[2], "") if path.endswith("reference") else ""
            said_[f"{label} {path}"] = f"@{known}" if known else value
    for loss in outcome.losses:
        said_[f"loss {loss.path} {loss.reason}"] = "lost"
    for relink in outcome.relinks:
        said_[f"link {relink.patient}"] = relink.into
    return said_


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every primitive of a body with its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{place}]")
    else:
        yield path, said(value)


def mutate(family: str, sample: int = 1, part: int = 0, changed: frozenset[tuple[str, str]] | None = None) -> Report:
    """Judge every ``sample``-th row of a family from the ``part``-th on, of those that ``changed`` names if it is given; raises
    AssertionError where an example fails as it is."""
    mutation, *sites = mutations(family)
    report = Report(family)
    rows = [(one, row) for one in (mutation, *sites) for row in one.rows() if changed is None or (row.file, row.row) in changed]
    report.verdicts = [one.judge(row) for one, row in rows[part::sample]]
    named = {row.codes for row in mutation.tables.elements}
    report.unused = sum(len(table) for name, table in mutation.tables.codes.items() if name in named) - len(mutation.used_codes)
    return report


def changed_since(revision: str, family: str) -> frozenset[tuple[str, str]]:
    """File and row id of the table rows of a family, and of what it includes, that differ from a revision of the repository."""
    folders = (*(f"mappings/{folder}" for folder in (family, *included(family))), "mappings/codes")
    said_ = subprocess.run(
        ["git", "diff", "--unified=0", revision, "--", *folders], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    found, file = set(), ""
    for line in said_.splitlines():
        if line.startswith("+++ "):
            place = Path(line.removeprefix("+++ b/"))
            file = f"codes/{place.name}" if place.parent.name == "codes" else place.name
            file = file if family in place.parts or file.startswith("codes/") else f"{place.parent.name}/{file}"
            if FOLDER in place.parts:
                file = "/".join(place.parts[place.parts.index(FOLDER) :])
        elif line.startswith("+") and "/examples/" not in file:
            found.add((file, next(csv.reader([line[1:]]))[0] if line[1:] else ""))
    return frozenset(found)


def main(arguments: list[str] | None = None) -> int:
    """Judge families, all unless some are named; 1 where a row survives."""
    parser = argparse.ArgumentParser(prog="scripts/mutate", description="Drops each row of the tables in turn: who notices?")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell of every row who noticed")
    parser.add_argument("--changed", metavar="REVISION", help="only rows that differ from a revision, such as HEAD or main~3")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("family", nargs="*")
    said_ = parser.parse_args(arguments)
    failed = False
    names = said_.family or families()
    with ProcessPoolExecutor(said_.jobs) as pool:
        for report in judged(pool, names, said_.jobs, said_.changed):
            failed = failed or bool(report.survivors)
            for verdict in report.verdicts if said_.verbose else report.survivors:
                print(f"{verdict.row}: {'killed' if verdict.killed else 'survives'}: {verdict.why}")
            print(
                f"{report.family}: {len(report.verdicts)} rows, {len(report.survivors)} survive;"
                f" {report.unused} code rows that no example uses",
                flush=True,
            )
    return 1 if failed else 0


def judged(pool: ProcessPoolExecutor, names: Iterable[str], jobs: int, revision: str | None = None) -> Iterator[Report]:
    """The reports of families, each judged in as many parts as there are jobs."""
    parts = [
        [pool.submit(mutate, name, jobs, part, None if revision is None else changed_since(revision, name)) for part in range(jobs)]
        for name in names
    ]
    for first, *others in parts:
        report = first.result()
        for other in others:
            report.verdicts += other.result().verdicts
        yield report


if __name__ == "__main__":
    sys.exit(main())
