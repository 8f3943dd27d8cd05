"""The dictionary of contributing organisations: each distinct list of them is a number in the rows of resources and versions."""

from __future__ import annotations

from interop.store.sql.statement import Steps

ROOM = 1_000
"""Masks that are kept."""
STRANGE = "?"
"""What is told of a number that is not known here; no organisation is called so."""


class Contributors:
    """What the table ``contributors`` holds. One process writes it; a number is never used for another text, though the
    transaction that first used it be rolled back."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {"": 0}
        self.texts: dict[int, str] = {0: ""}
        self.missed = False
        """Something was asked that depends on all texts; a process that only reads may have to load again."""
        self._next = 1
        self._fresh: list[str] = []
        self._masks: dict[tuple[str, ...], str] = {}

    def load(self) -> Steps[None]:
        """Read the dictionary whole."""
        for number, text in (yield "SELECT number, names FROM contributors", ()):
            self.texts[number] = text
            self.numbers[text] = number
            self._next = max(self._next, number + 1)
        self._masks.clear()

    def text(self, number: int) -> str:
        """The organisations, with commas between."""
        found = self.texts.get(number)
        if found is None:
            self.missed = True
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
            self._next = found + 1  # last: another thread takes all below it to be known
        return found

    def mask(self, names: tuple[str, ...]) -> str:
        """For each number from 0 on ``1`` where all its organisations are among ``names``, else ``0``."""
        self.missed = True
        found = self._masks.get(names, "")
        if len(found) < self._next:
            allowed = frozenset(names)
            found = "".join("1" if self._within(number, allowed) else "0" for number in range(self._next))
            if len(self._masks) >= ROOM:
                self._masks.clear()
            self._masks[names] = found
        return found

    def _within(self, number: int, allowed: frozenset[str]) -> bool:
        text = self.texts.get(number)
        return text == "" or (text is not None and allowed.issuperset(text.split(",")))

    def settle(self) -> None:
        """The transaction is on disk."""
        self._fresh.clear()

    def abandon(self) -> None:
        """The transaction was rolled back."""
        for text in self._fresh:
            self.numbers.pop(text, None)
        self._fresh.clear()
