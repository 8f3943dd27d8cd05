"""Conditions on the words of a resource: full text."""

from __future__ import annotations

from interop.store.sql.indexed import Indexed
from interop.store.sql.joining import NEVER, NONE


class Worded(Indexed):
    """Says which words and phrases a resource holds."""

    few: bool
    """Whether few resources are looked at: then each is better asked by itself than all listed that have some words or that
    a chain leads to."""

    def _worded(self, parameter: str, groups: tuple[tuple[str, ...], ...], type_: str | None, row: str) -> str:
        found = []
        for words, absent in map(parted, groups):
            one = [self._holds(parameter, words, type_, row)] if words else []
            one += [f"NOT ({self._holds(parameter, (word,), type_, row)})" for word in absent]
            found.append(f"({' AND '.join(one)})" if one else NEVER)
        return f"({' OR '.join(found)})" if found else NEVER

    def _holds(self, parameter: str, words: tuple[str, ...], type_: str | None, row: str) -> str:
        """That a resource holds every one of the words and phrases."""
        pids = self.pids(type_, parameter, "words")
        if not self.few or not pids:
            return f"{row}.rid IN ({self._words(parameter, words, type_)})"
        found = f"SELECT 1 FROM ({self._lines(words)}) f WHERE f.line = x.line"
        return f"EXISTS (SELECT 1 FROM index_words x WHERE x.rid = {row}.rid AND {pids} AND EXISTS ({found}))"

    def _words(self, parameter: str, words: tuple[str, ...], type_: str | None) -> str:
        """A query of the resources that hold every one of the words and phrases."""
        pids = self.pids(type_, parameter, "words")
        if not pids:
            return NONE
        return f"SELECT x.rid FROM ({self._lines(words)}) f CROSS JOIN index_words x WHERE x.line = f.line AND {pids}"

    def _lines(self, words: tuple[str, ...]) -> str:
        query, wanted = self.dialect.worded(words)
        return query.format(p=":" + self.bind(wanted))


def parted(group: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words that must be there and those that must not."""
    return tuple(word for word in group if word[:1] != "-"), tuple(word[1:] for word in group if word[:1] == "-")
