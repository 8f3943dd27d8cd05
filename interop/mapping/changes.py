"""What changed between two versions of tables, row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import NamedTuple

ADDED = "added"
REMOVED = "removed"
CHANGED = "changed"


class RowChange(NamedTuple):
    """A row of ``file`` that is new, gone or says something else. ``row`` names it: its first cell, and the second where the first
    is not enough; ``cells`` are (column, before, after), of a row that is new or gone those that are not empty."""

    file: str
    row: str
    kind: str
    cells: tuple[tuple[str, str, str], ...]


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[RowChange]:
    """The changes from one version to another, of files by path; in the order of files, then of rows as they stand."""
    for file in sorted(before.keys() | after.keys()):
        if before.get(file) != after.get(file):
            yield from _of_file(file, before.get(file, ""), after.get(file, ""))


def _of_file(file: str, before: str, after: str) -> Iterator[RowChange]:
    columns, old = _rows(before)
    names, new = _rows(after)
    named = columns if len(columns) >= len(names) else names
    for key in [*new, *(key for key in old if key not in new)]:
        had, has = old.get(key, ()), new.get(key, ())
        cells = tuple((column, one, other) for column, one, other in _beside(named, had, has) if one != other)
        if cells:
            yield RowChange(file, key.partition("\0")[0], CHANGED if had and has else ADDED if has else REMOVED, cells)


def _beside(names: tuple[str, ...], had: tuple[str, ...], has: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    for number, (one, other) in enumerate(zip_longest(had, has, fillvalue="")):
        yield (names[number] if number < len(names) else str(number + 1), one, other)


def _rows(text: str) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The head, and rows by what names them; of several of one name each has its own number behind it."""
    head, *rest = csv.reader(text.splitlines()) if text else [[]]
    firsts = [row[0] for row in rest if row]
    single = len(set(firsts)) == len(firsts)
    found: dict[str, tuple[str, ...]] = {}
    for row in rest:
        if not row:
            continue
        name = row[0] if single else " ".join(each for each in row[:2] if each)
        key, number = name, 1
        while key in found:
            number += 1
            key = f"{name}\0{number}"
        found[key] = tuple(row)
    return tuple(head), found
