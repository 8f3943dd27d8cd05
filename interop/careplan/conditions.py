"""The conditions of ``content.csv``: a closed grammar over paths and sets of codes.

``always``, or with `` and `` between: ``PATH in SET``, ``PATH not in SET``, ``PATH is TYPE`` of a reference, ``PATH = WORD``,
``PATH present``, ``PATH absent``. Several sets or types have ``|`` between: any of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from interop.careplan.paths import Path, Resolve
from interop.careplan.words import codes
from interop.fhir import facts
from interop.fhir.references import literal_type
from interop.fhir.searching.text import plain
from interop.fhir.shapes import Json, dicts, text

Sets = Mapping[str, Collection[tuple[str, str]]]
ALWAYS: Final = "always"
TERMS: Final = frozenset((
    "http://snomed.info/sct", "http://loinc.org", "http://terminology.hl7.org/CodeSystem/consentcategorycodes",
    "urn:interop:codes:plan-content",
))  # fmt: skip
"""Systems of codes that mean the same everywhere: beside one of another system the words are what is known."""
ROOTS: Final = ("cpr", "dnar", "dnr", "resus")
"""One of these is in all words that hint at a decision about resuscitation."""
_CONDITION: Final = re.compile(r"(\S+) (?:(not in|in|is|=) (\S+)|(present|absent))")


class WhenRefused(ValueError):
    """A condition that is none."""


@dataclass(frozen=True, slots=True)
class Condition:
    """``how`` is one of the words of the grammar; ``codes`` those of the sets that are named, ``words`` what these are called and
    ``hints`` words within other words that forbid what they are about: a concept without a code that means the same everywhere is
    held against them."""

    path: Path
    how: str
    word: str
    codes: frozenset[tuple[str, str]]
    words: frozenset[str]
    hints: re.Pattern[str] | None

    def holds(self, within: Any, resource: Json, resolve: Resolve) -> bool:
        """Whether it holds of an occurrence."""
        found = self.path.values(within, resource, resolve)
        if self.how in ("present", "absent"):
            return bool(found) == (self.how == "present")
        if self.how == "=":
            return any(_plain(value) == self.word for value in found)
        if self.how == "is":
            return any(literal_type(text(value, "reference")) in self.word.split("|") for value in found)
        return any(map(self._has, found)) == (self.how == "in")

    def _has(self, value: Any) -> bool:
        if isinstance(value, str):  # a linkId or a code without a system
            return any(code == value for _, code in self.codes)
        if any((each.system, each.code) in self.codes for each in codes(value)):
            return True
        return any(word in self.words or self.hinted(word) for word in uncoded(value))

    def hinted(self, word: str) -> bool:
        """Whether words hint at what the sets forbid."""
        return self.hints is not None and self.hints.search(word) is not None and any(root in word for root in ROOTS)


@dataclass(frozen=True, slots=True)
class When:
    """Conditions that must all hold."""

    conditions: tuple[Condition, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """What they look at."""
        return tuple(each.path for each in self.conditions)

    def holds(self, within: Any, resource: Json, resolve: Resolve) -> bool:
        """Whether they hold of an occurrence within its resource."""
        return all(each.holds(within, resource, resolve) for each in self.conditions)


def uncoded(value: Any) -> tuple[str, ...]:
    """What a concept is called that has no code of TERMS, as texts are compared; nothing for all else."""
    if not isinstance(value, dict):
        return ()
    codings = dicts(value, "coding")
    if any(text(each, "code") and text(each, "system") in TERMS for each in codings):
        return ()
    return tuple(filter(None, map(plain, (text(value, "text"), *(text(each, "display") for each in codings)))))


def read_when(cell: str, sets: Sets, displays: Mapping[tuple[str, str], str], hints: Mapping[str, re.Pattern[str]]) -> When:
    """The conditions of a cell; ``hints`` by set. Raises WhenRefused, PathRefused."""
    if cell == ALWAYS:
        return When(())
    return When(tuple(_condition(part, sets, displays, hints) for part in cell.split(" and ")))


def _condition(said: str, sets: Sets, displays: Mapping[tuple[str, str], str], hints: Mapping[str, re.Pattern[str]]) -> Condition:
    found = _CONDITION.fullmatch(said)
    if found is None:
        raise WhenRefused(f"{said or 'nothing'} is no condition")
    path, how, word = found[1], found[2] or found[4], found[3] or ""
    named = word.split("|")
    known = sets if how in ("in", "not in") else facts.resource_types() if how == "is" else named
    if strange := [name for name in named if name not in known]:
        raise WhenRefused(f"there is no {strange[0]}")
    chosen = frozenset(code for name in named for code in sets[name]) if how in ("in", "not in") else frozenset()
    hinting = next((hints[name] for name in named if name in hints), None) if chosen else None
    return Condition(Path(path), how, word, chosen, frozenset(plain(displays[code]) for code in chosen), hinting)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
