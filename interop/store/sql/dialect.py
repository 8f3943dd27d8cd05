"""Where databases differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from interop.store.sql.statement import Steps


class Rows(NamedTuple):
    """What changes in a table of index rows: ``columns`` and rows to be added, ``by`` which columns rows are ``taken`` away.

    Of a ``numbered`` table the database numbers the rows."""

    table: str
    columns: tuple[str, ...]
    added: Sequence[tuple[Any, ...]]
    by: tuple[str, ...] = ()
    taken: Sequence[tuple[Any, ...]] = ()
    numbered: bool = False

    @property
    def head(self) -> str:
        """What an INSERT begins with."""
        return f"{self.table} ({', '.join(self.columns)})"


class Dialect(Protocol):
    """What the shared SQL asks of a database. Kept to eight members at most; statements use ``:name`` or ``?``."""

    name: str

    def wanted(self, columns: tuple[str, ...], rows: int) -> str:
        """A common table expression ``wanted`` of so many rows of ``?``; all columns are text."""
        ...

    def gather(self, columns: tuple[str, ...], source: str) -> str:
        """A query that gives all rows of ``source`` as one JSON array of arrays, so that a thread wakes once and not per row."""
        ...

    def insert(self, head: str, rows: Sequence[tuple[Any, ...]]) -> Steps[None]:
        """Inserts of rows that are new; ``head`` is table and columns."""
        ...

    def change(self, tables: Sequence[Rows]) -> Steps[None]:
        """Take index rows away and add others, which are new but for a mistake: that is passed over."""
        ...

    def among(self, column: str, query: str) -> str:
        """That a column is among what a query gives: sought by the column's index from there, never gone through."""
        ...

    def containing(self, text: str) -> tuple[str, str]:
        """A query of the values of index_value that contain a text of three characters or more, with ``{p}`` for its one
        parameter, and what to bind."""
        ...

    def worded(self, words: tuple[str, ...]) -> tuple[str, str]:
        """A query of the ``line`` of each row of index_words that holds all these words and phrases, with ``{p}`` for its one
        parameter, and what to bind."""
        ...
