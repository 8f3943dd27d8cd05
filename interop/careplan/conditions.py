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
from interop.fhir.shapes import Json, text

Sets = Mapping[str, Collection[tuple[str, str]]]
ALWAYS: Final = "always"
_CONDITION: Final = re.compile(r"(\S+) (?:(not in|in|is|=) (\S+)|(present|absent))")


class WhenRefused(ValueError):
    """A condition that is none."""


@dataclass(frozen=True, slots=True)
class Condition:
    """``how`` is one of the words of the grammar; ``codes`` those of the sets that are named, ``words`` what these are called: a
    concept that has no code at all is held against them."""

    path: Path
    how: str
    word: str
    codes: frozenset[tuple[str, str]]
    words: frozenset[str]

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
        return any((each.system, each.code) in self.codes for each in codes(value)) or uncoded(value) in self.words


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


def uncoded(value: Any) -> str:
    """The text of a concept without codes, as texts are compared; '' for all else."""
    return plain(text(value, "text")) if isinstance(value, dict) and "coding" not in value else ""


def read_when(cell: str, sets: Sets, displays: Mapping[tuple[str, str], str]) -> When:
    """The conditions of a cell. Raises WhenRefused, PathRefused."""
    if cell == ALWAYS:
        return When(())
    return When(tuple(_condition(part, sets, displays) for part in cell.split(" and ")))


def _condition(said: str, sets: Sets, displays: Mapping[tuple[str, str], str]) -> Condition:
    found = _CONDITION.fullmatch(said)
    if found is None:
        raise WhenRefused(f"{said or 'nothing'} is no condition")
    path, how, word = found[1], found[2] or found[4], found[3] or ""
    named = word.split("|")
    known = sets if how in ("in", "not in") else facts.resource_types() if how == "is" else named
    if strange := [name for name in named if name not in known]:
        raise WhenRefused(f"there is no {strange[0]}")
    chosen = frozenset(code for name in named for code in sets[name]) if how in ("in", "not in") else frozenset()
    return Condition(Path(path), how, word, chosen, frozenset(plain(displays[code]) for code in chosen))


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
