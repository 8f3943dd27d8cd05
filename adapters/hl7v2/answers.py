"""Which field of an answer holds what: ``mappings/hl7v2/answers.csv`` (docs/decisions/0023-queries.md), read both ways.

Columns: ``field`` (``PID-3.1``), ``each`` (a path; a repetition of the field for each value), ``from`` (a path from there; ``|``
between alternatives, a constant in quotes), ``using`` (``adapters.hl7v2.values``), ``codes`` (a code table of the family, read
backwards), ``search`` (the parameter of a FHIR search that narrows a query for the field), ``compare`` (the operator of a criterion
that has none), ``why``.

Paths: ``a.b``; ``a/b`` what the reference ``a`` leads to; ``a[0]``, ``a[b.c=v]``, ``a[b!=v]``; ``extension[name]`` by the names of
extensions.csv.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from adapters.hl7v2.values import RENDER
from interop.ports import Resource

COLUMNS: Final = ("field", "each", "from", "using", "codes", "search", "compare", "why")
_FIELD: Final = re.compile(r"([A-Z][A-Z0-9]{2})-(\d+)(?:\.(\d+))?")
_STEP: Final = re.compile(r"([./]?)(\w*)((?:\[[^\]]*\])*)")
_TEST: Final = re.compile(r"([\w.]+?)(!?=)(.*)")

Resolve = Callable[[str], Resource | None]
"""What a reference leads to."""
Parts = tuple[str, ...]
"""The subcomponents of a component."""
Fields = dict[int, list[dict[int, Parts]]]
"""A segment: by field its repetitions, each by component."""


class Row(NamedTuple):
    """A row of answers.csv; ``each``, ``sources`` are paths, ``constant`` a text in their place."""

    segment: str
    field: int
    component: int
    each: str
    sources: tuple[str, ...]
    constant: str
    using: str
    codes: str
    search: str
    compare: str


class Table(NamedTuple):
    """A code table both ways: a source value's (system, code), and for these the first source value that means them; ``open`` where
    any other code may stand for itself."""

    forth: Mapping[str, tuple[str, str]]
    back: Mapping[tuple[str, str], str]
    open: bool


@cache
def rows() -> tuple[Row, ...]:
    """The whole table, in its order."""
    made = []
    for cells in _read("hl7v2/answers.csv"):
        found = _FIELD.fullmatch(cells["field"])
        assert found is not None, cells["field"]
        said = cells["from"]
        constant = said[1:-1] if said.startswith("'") else ""
        sources = () if constant else tuple(path.strip() for path in said.split("|"))
        place = found[1], int(found[2]), int(found[3] or 1)
        made.append(Row(*place, cells["each"], sources, constant, *(cells[name] for name in COLUMNS[3:7])))
    return tuple(made)


@cache
def of_field(segment: str, field: int) -> tuple[Row, ...]:
    """The rows of a field."""
    return tuple(row for row in rows() if (row.segment, row.field) == (segment, field))


@cache
def codes(name: str) -> Table:
    """A code table of the family, or one that all families share."""
    folder = files("mappings")
    own = folder.joinpath("hl7v2", "codes", f"{name}.csv")
    forth: dict[str, tuple[str, str]] = {}
    back: dict[tuple[str, str], str] = {}
    for cells in _read(f"hl7v2/codes/{name}.csv" if own.is_file() else f"codes/{name}.csv"):
        if cells["source"] != "*":
            forth[cells["source"]] = cells["system"], cells["code"]
            back.setdefault((cells["system"], cells["code"]), cells["source"])
    text = (own if own.is_file() else folder.joinpath("codes", f"{name}.csv")).read_text("utf-8")
    return Table(forth, back, "\n*," in text)


def segment(name: str, resource: Resource, resolve: Resolve, wanted: Collection[int] | None = None) -> Fields:
    """The fields of a segment that say what a resource holds, all or those that are wanted; empty ones are left out."""
    found: dict[tuple[int, int], dict[int, Parts]] = {}
    for row in rows():
        if row.segment == name and (wanted is None or row.field in wanted):
            for base in values(resource, row.each, resolve) if row.each else [resource]:
                if any(parts := rendered(row, base, resolve)):
                    found.setdefault((row.field, id(base)), {})[row.component] = parts
    made: Fields = {}
    for (field, _), repetition in found.items():
        made.setdefault(field, []).append(repetition)
    return made


def rendered(row: Row, base: Resource, resolve: Resolve) -> Parts:
    """The component that a row gives, by its subcomponents."""
    if row.constant:
        return (row.constant,)
    for path in row.sources:
        for value in values(base, path, resolve):
            parts = _coded(row, value) if row.codes else RENDER[row.using](value)
            if any(parts):
                return parts
    return ()


def _coded(row: Row, value: Any) -> Parts:
    table = codes(row.codes)
    system, code = (value.get("system", ""), value.get("code", "")) if isinstance(value, dict) else ("", str(value))
    return (table.back.get((system, code), code if table.open and not system else ""),)


def values(node: Any, path: str, resolve: Resolve) -> list[Any]:
    """What stands at a path, each item of a list by itself."""
    nodes = [node]
    for sign, name, tests in _steps(path):
        if sign == "/":
            nodes = [found for each in nodes if (found := resolve(each.get("reference", ""))) is not None]
        if name:
            nodes = [item for each in nodes if isinstance(each, dict) for item in _listed(each.get(name))]
        for test in tests:
            nodes = nodes[int(test) : int(test) + 1] if test.isdigit() else [each for each in nodes if _holds(each, test)]
    return nodes


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _holds(node: Any, test: str) -> bool:
    found = _TEST.fullmatch(test)
    if found is None:
        return bool(node.get("url") == _extensions()[test])
    there = found[3] in values(node, found[1], lambda _: None)
    return there == (found[2] == "=")


@cache
def _steps(path: str) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    return tuple(
        (sign, name, tuple(re.findall(r"\[([^\]]*)\]", tests)))
        for sign, name, tests in _STEP.findall(path)
        if sign or name or tests
    )


@cache
def _extensions() -> dict[str, str]:
    return {cells["name"]: cells["url"] for cells in _read("extensions.csv")}


def _read(path: str) -> Iterator[dict[str, str]]:
    text = files("mappings").joinpath(*path.split("/")).read_text("utf-8")
    yield from csv.DictReader(line for line in text.splitlines() if line and not line.startswith("#"))
