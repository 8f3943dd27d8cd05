"""Full text: ``_text`` and ``_content`` (FHIR R4 search, 3.1.1.4.3): words, "phrases", and, or, not, brackets."""

from __future__ import annotations

import re
from typing import Final

from interop.api.searching.escapes import plain, split
from interop.api.searching.unsupported import malformed
from interop.errors import Problem
from interop.fhir.searching import normalise
from interop.store.where import FullText, Where

GROUPS: Final = 64
"""So many alternatives of words at most."""
DEPTH: Final = 10
_PART: Final = re.compile(r'"([^"]*)"|([()])|([^\s()"]+)')
_LETTER: Final = re.compile(r"\w")
Groups = list[tuple[str, ...]]


def full_text(name: str, value: str) -> Where:
    """``fever cough`` (both), ``(bone or liver) and not benign``, ``"low back pain"``, ``-benign``; a comma is ``or`` too."""
    groups = dict.fromkeys(group for each in split(value, ",") if each for group in _groups(name, plain(each)))
    if not 0 < len(groups) <= GROUPS:
        raise _problem(name)
    return FullText(name, tuple(groups))


def _groups(name: str, text: str) -> Groups:
    parts = [
        (f'"{phrase}' if phrase else bracket or word) for phrase, bracket, word in _PART.findall(text) if phrase or bracket or word
    ]
    reader = _Reader(name, parts)
    groups = reader.either(0)
    if reader.left() or any(all(word.startswith("-") for word in group) for group in groups):
        raise _problem(name)
    return groups


def _problem(name: str) -> Problem:
    return malformed(name, "words are wanted, joined by and, or, not and brackets, one of each group without not")


class _Reader:
    """Reads an expression into alternatives, each of words that must all hold."""

    def __init__(self, name: str, parts: list[str]) -> None:
        self._name, self._parts, self._at = name, parts, 0

    def left(self) -> bool:
        return self._at < len(self._parts)

    def _next(self) -> str:
        return self._parts[self._at].lower() if self.left() else ""

    def _taken(self, word: str) -> bool:
        if self._next() != word:
            return False
        self._at += 1
        return True

    def either(self, depth: int) -> Groups:
        if depth > DEPTH:
            raise _problem(self._name)
        found = self._both(depth)
        while self._taken("or"):
            found = found + self._both(depth)
        return found

    def _both(self, depth: int) -> Groups:
        found = self._one(depth)
        while self.left() and self._next() not in ("or", ")"):
            self._taken("and")
            more = self._one(depth)
            found = [(*one, *other) for one in found for other in more]
            if len(found) > GROUPS:
                raise _problem(self._name)
        return found

    def _one(self, depth: int) -> Groups:
        if not self.left():
            raise _problem(self._name)
        if self._taken("("):
            found = self.either(depth + 1)
            if not self._taken(")"):
                raise _problem(self._name)
            return found
        absent = self._taken("not")
        if not self.left() or self._next() in ("and", "or", "(", ")", "not"):
            raise _problem(self._name)
        word = self._parts[self._at]
        self._at += 1
        if word.startswith("-") and len(word) > 1:
            absent, word = not absent, word[1:]
        text = normalise(word.removeprefix('"'))
        if not _LETTER.search(text):
            raise _problem(self._name)
        return [(("-" if absent else "") + text.lstrip("-"),)]
