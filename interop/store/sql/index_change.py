"""What a transaction changes in the index tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from interop.store.sql.dialect import Dialect, Rows
from interop.store.sql.index import ACCESS, PLACE, STRING, TABLES, TEXT, WORDS, Line
from interop.store.sql.names import Names
from interop.store.sql.statement import Steps
from interop.store.sql.whose import Fact

JUDGED = ("rid", "version", "pid", "code", "sid")

KNOWN = 100_000
"""Texts that the writer remembers."""


class Texts:
    """The texts that index_value is known to hold, as many as fit: those are not written again."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._fresh: set[str] = set()

    def unknown(self, texts: Iterable[str]) -> list[tuple[str]]:
        """Those that may not be there yet, each once."""
        found = dict.fromkeys(text for text in texts if text not in self._known and text not in self._fresh)
        self._fresh.update(found)
        return [(text,) for text in found]

    def settle(self) -> None:
        """The transaction is on disk."""
        if len(self._known) > KNOWN:
            self._known.clear()
        self._known |= self._fresh
        self._fresh.clear()

    def abandon(self) -> None:
        """The transaction was rolled back."""
        self._fresh.clear()


class IndexChange:
    """Rows to be added to the index tables and to be taken away."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._added: list[list[tuple[Any, ...]]] = [[] for _ in TABLES]
        self._taken: list[list[tuple[Any, ...]]] = [[] for _ in TABLES]
        self._texts: list[str] = []
        self._judged: list[tuple[Any, ...]] = []

    def differ(
        self, rid: int, new: dict[Line, None], before: dict[Line, None], words: dict[int, str], patient: str, was: str
    ) -> None:
        """What differs between the lines of a resource and those before; ``patient`` is its subject, ``was`` what it was."""
        added, taken = self._added, self._taken
        for line in before:
            if line not in new or (patient != was and line[0] == ACCESS):
                taken[line[0]].append((rid, line[1]) if line[0] == WORDS else PLACE[line[0]](line, rid, was))
        for line in [line for line in new if line not in before or (patient != was and line[0] == ACCESS)] if before else new:
            table = line[0]
            if table != ACCESS or patient:
                added[table].append((rid, line[1], words[line[1]]) if table == WORDS else PLACE[table](line, rid, patient))
            if table == TEXT or (table == STRING and self._names.kind(line[1]) != "uri"):
                self._texts.append(line[2])

    def judge(self, rid: int, version: int, facts: Iterable[Fact]) -> None:
        """By what it is told who may see a version that is no longer or not indexed."""
        self._judged += [(rid, version, *fact) for fact in facts]

    def write(self, texts: Texts, dialect: Dialect) -> Steps[None]:
        """Write them, in the order of their keys: neighbours are on one page, which is then found and changed once."""
        changed = [
            Rows(
                table, columns, sorted(added), columns[:2] if number == WORDS else columns, sorted(taken), numbered=number == WORDS
            )
            for number, ((table, columns), taken, added) in enumerate(zip(TABLES, self._taken, self._added, strict=True))
        ]
        values = Rows("index_value", ("value",), sorted(texts.unknown(self._texts)))
        yield from dialect.change([*changed, Rows("index_version", JUDGED, self._judged), values])
