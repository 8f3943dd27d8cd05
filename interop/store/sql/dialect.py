"""Where databases differ."""

from __future__ import annotations

from typing import Protocol


class Dialect(Protocol):
    """What the shared SQL asks of a database. Kept to eight members at most; statements use ``:name`` or ``?``."""

    name: str

    def wanted(self, columns: tuple[str, ...], rows: int) -> str:
        """A common table expression ``wanted`` of so many rows of ``?``; all columns are text."""
        ...

    def gather(self, columns: tuple[str, ...], source: str) -> str:
        """A query that gives all rows of ``source`` as one JSON array of arrays, so that a thread wakes once and not per row."""
        ...
