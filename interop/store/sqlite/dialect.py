"""SQLite's ways."""

from __future__ import annotations

from functools import cache

from interop.store.sql.statement import values


class SqliteDialect:
    """``:name`` and ``?`` are its own placeholders; rows gather into JSON."""

    name = "sqlite"

    def wanted(self, columns: tuple[str, ...], rows: int) -> str:
        return _wanted(columns, rows)

    def gather(self, columns: tuple[str, ...], source: str) -> str:
        return f" SELECT json_group_array(json_array({', '.join(columns)})) FROM {source}"


@cache
def _wanted(columns: tuple[str, ...], rows: int) -> str:
    return f"WITH wanted ({', '.join(columns)}) AS ({values(len(columns), rows)})"
