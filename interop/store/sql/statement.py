"""Statements and the steps that yield them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, TypeVar

Parameters = Sequence[Any] | Mapping[str, Any]
Statement = tuple[str, Parameters]
Rows = list[tuple[Any, ...]]
T = TypeVar("T")
Steps = Generator[Statement, Rows, T]
"""Work in the database: yields a statement, is sent its rows, returns what it came to."""

SIZES = (512, 256, 128, 64, 32, 16, 8)
"""Rows in a multi-row statement: few texts, so that each is compiled once and kept."""


def portions(count: int) -> Iterator[tuple[int, int]]:
    """``count`` rows as (start, rows) of statements, largest first; the last is exact and below eight."""
    start = 0
    for size in SIZES:
        while count - start >= size:
            yield start, size
            start += size
    if start < count:
        yield start, count - start


@cache
def values(columns: int, rows: int) -> str:
    """``VALUES`` of so many rows of ``?``."""
    row = f"({','.join('?' * columns)})"
    return f"VALUES {','.join([row] * rows)}"


@cache
def _insert(head: str, tail: str, columns: int, rows: int) -> str:
    return f"INSERT INTO {head} {values(columns, rows)} {tail}"


def insert(head: str, rows: Sequence[tuple[Any, ...]], tail: str = "") -> Steps[None]:
    """Multi-row inserts: ``head`` is table and columns, ``tail`` what to do on conflict."""
    if not rows:
        return
    columns = len(rows[0])
    for start, size in portions(len(rows)):
        yield _insert(head, tail, columns, size), list(chain.from_iterable(rows[start : start + size]))


ABSENT = "ON CONFLICT DO NOTHING"


def add(head: str, rows: Sequence[tuple[Any, ...]]) -> Steps[None]:
    """Inserts of rows that may be there. The last row is repeated where that saves statements: each costs a thread two turns of
    the interpreter's lock, a repeated row next to nothing."""
    count = len(rows)
    if not count:
        return
    columns, start = len(rows[0]), 0
    while start < count:
        size = min(rounded(count - start), SIZES[0])
        if size > 8 and (count - start) * 4 < size * 3:
            size //= 2
        some = rows[start : start + size]
        parameters = list(chain.from_iterable(some))
        parameters.extend(some[-1] * (size - len(some)))
        yield _insert(head, ABSENT, columns, size), parameters
        start += size


@cache
def _remove(table: str, columns: tuple[str, ...], rows: int) -> str:
    row = "(" + " AND ".join(f"{column}=?" for column in columns) + ")"
    return f"DELETE FROM {table} WHERE " + " OR ".join([row] * rows)


def remove(table: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> Steps[None]:
    """Deletes of rows by their whole key."""
    for start, size in portions(len(rows)):
        for part in range(start, start + size, 64):
            some = rows[part : min(part + 64, start + size)]
            yield _remove(table, columns, len(some)), list(chain.from_iterable(some))


@cache
def marks(count: int) -> str:
    """``?,?,?``"""
    return ",".join("?" * count)


def rounded(count: int) -> int:
    """The next power of two: lists in ``IN`` are padded to it, so that few texts are compiled."""
    return 1 << max(count - 1, 0).bit_length()


def padded(items: Sequence[Any], filler: Any) -> list[Any]:
    """``items`` filled up to a power of two."""
    return [*items, *[filler] * (rounded(len(items)) - len(items))]
