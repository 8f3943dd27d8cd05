"""The dictionary of contributing organisations: each distinct list of them is a number in the rows of resources and versions."""

from __future__ import annotations

from collections.abc import Iterable

from interop.store.sql.statement import Steps

ROOM = 1_000
"""Masks that are kept."""
STRANGE = "?"
"""What is told of a number that is not known here; no organisation is called so."""


class Contributors:
    """What the table ``contributors`` holds. Numbers are given in the order of commits; that of a transaction which was rolled back
    may be given to another text, so nothing is kept of it."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {"": 0}
        self.texts: dict[int, str] = {0: ""}
        self.missed = 0
        """How often something was asked that depends on all texts; a process that only reads may have to load again."""
        self.strange = 0
        """How often a number was met that is not known here."""
        self.known = 1
        """Every number below is on disk, and here."""
        self._next = 1
        self._fresh: list[str] = []
        self._masks: dict[tuple[str, ...], str] = {}

    def load(self) -> Steps[None]:
        """Read what is new in the dictionary."""
        rows = yield "SELECT number, names FROM contributors WHERE number >= ? ORDER BY number", (self.known,)
        self.add((number, text) for number, text in rows)

    def add(self, rows: Iterable[tuple[int, str]]) -> None:
        """These are on disk, in order."""
        for number, text in rows:
            self.texts[number] = text
            self.numbers[text] = number
            self._next = max(self._next, number + 1)
            self.known = max(self.known, number + 1)  # last: another thread takes all below it to be known

    def text(self, number: int) -> str:
        """The organisations, with commas between."""
        found = self.texts.get(number)
        if found is None:
            self.missed += 1
            self.strange += 1
            return STRANGE
        return found

    def learn(self, text: str) -> Steps[int]:
        """The number of a text, in the transaction that uses it."""
        found = self.numbers.get(text)
        if found is None:
            found = self._next
            yield "INSERT INTO contributors (number, names) VALUES (?, ?)", (found, text)
            self._fresh.append(text)
            self.numbers[text] = found
            self.texts[found] = text
            self._next = found + 1
        return found

    def mask(self, names: tuple[str, ...]) -> str:
        """For each number from 0 on ``1`` where all its organisations are among ``names``, else ``0``."""
        self.missed += 1
        found = self._masks.get(names, "")
        if len(found) < (known := self.known):
            allowed = frozenset(names)
            found = "".join("1" if self._within(number, allowed) else "0" for number in range(known))
            if len(self._masks) >= ROOM:
                self._masks.clear()
            self._masks[names] = found
        return found

    def _within(self, number: int, allowed: frozenset[str]) -> bool:
        text = self.texts.get(number)
        return text == "" or (text is not None and allowed.issuperset(text.split(",")))

    @property
    def fresh(self) -> bool:
        """Whether the transaction at hand has learnt anything."""
        return bool(self._fresh)

    def settle(self) -> None:
        """The transaction is on disk."""
        self._fresh.clear()
        self.known = self._next

    def abandon(self) -> None:
        """The transaction was rolled back."""
        for text in self._fresh:
            if self.numbers[text] >= self.known:
                del self.texts[self.numbers.pop(text)]
        self._fresh.clear()
        self._next = self.known
