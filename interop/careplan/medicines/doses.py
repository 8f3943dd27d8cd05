"""What the Dosages of a resource say: how much, how it is taken, how often."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from interop.careplan.medicines import directions, measures
from interop.careplan.words import Words
from interop.fhir.shapes import Json, chosen, dicts, text

_NEEDED: Final = re.compile(r"\b(?:needed|required|necessary)\b")


class Doses:
    """Reads Dosages, in the words of a resource."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def amount(self, dose: Json) -> str:
        """How much at a time; '' where it is not said."""
        for each in [*dicts(dose, "doseAndRate"), dose]:
            found = chosen(each, "dose")
            if found is not None and isinstance(found[1], dict):
                return self._words.of(found[1])
        return ""

    def told(self, dose: Json) -> str:
        """How it is taken: its author's own words, and what its parts say that these do not or say otherwise."""
        words = self._words.of(dose)
        if self._torn(dose):
            words = f"{words} ({self._words.of(dose.get('timing'))})"
        needed = _needed(dose) and not _NEEDED.search(directions.spelled(words).casefold())
        return f"{words}, when needed" if needed and words else words

    def often(self, doses: list[Json], read: directions.Read) -> str:
        """How often, where that is told by the words or the parts of one dose, and not by both in another way."""
        if len(doses) != 1 or self._torn(doses[0]):
            return ""
        return read.frequency if read.whole else self._timed(doses[0])

    def _torn(self, dose: Json) -> bool:
        """Whether its words and its parts are not of one mind about how often."""
        words, timed = directions.read(text(dose, "text")).frequency, self._timed(dose)
        return bool(words and timed and measures.frequencies(words, timed))

    def _timed(self, dose: Json) -> str:
        """How often, by the parts of a dose."""
        said = directions.read(f"1 {self._words.of(dose.get('timing'))}").frequency
        return f"{said} {measures.NEEDED}" if said and _needed(dose) else said


def several(doses: list[Json], words: Callable[[Json], str]) -> str:
    """The words of all of them, each once."""
    return "; ".join(dict.fromkeys(filter(None, map(words, doses))))


def _needed(dose: Json) -> bool:
    found = chosen(dose, "asNeeded")
    return found is not None and found[1] is not False
