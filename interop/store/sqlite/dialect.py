"""SQLite's ways."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from interop.store.sql.dialect import Rows
from interop.store.sql.statement import Steps, add, insert, remove, values


class SqliteDialect:
    """``:name`` and ``?`` are its own placeholders; rows gather into JSON."""

    name = "sqlite"

    def wanted(self, columns: tuple[str, ...], rows: int) -> str:
        return _wanted(columns, rows)

    def gather(self, columns: tuple[str, ...], source: str) -> str:
        return f" SELECT json_group_array(json_array({', '.join(columns)})) FROM {source}"

    def insert(self, head: str, rows: Sequence[tuple[Any, ...]]) -> Steps[None]:
        return insert(head, rows)

    def change(self, tables: Sequence[Rows]) -> Steps[None]:
        for each in tables:
            yield from remove(each.table, each.by, each.taken)
            yield from (insert if each.numbered else add)(each.head, each.added)

    def among(self, column: str, query: str) -> str:
        return f"{column} IN ({query})"

    def containing(self, text: str) -> tuple[str, str]:
        return "SELECT value FROM index_trigram WHERE index_trigram MATCH {p}", _phrase(text)

    def worded(self, words: tuple[str, ...]) -> tuple[str, str]:
        return "SELECT rowid AS line FROM index_fulltext WHERE index_fulltext MATCH {p}", " AND ".join(map(_phrase, words))


def _phrase(text: str) -> str:
    quoted = text.replace('"', '""')
    return f'"{quoted}"'


@cache
def _wanted(columns: tuple[str, ...], rows: int) -> str:
    return f"WITH wanted ({', '.join(columns)}) AS ({values(len(columns), rows)})"
