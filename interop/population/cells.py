"""Age and sex no finer than that at least ``FEWEST`` people of the practice share them.

What is shared by fewer is told more coarsely: a wider band of age, then without the sex, then without either. Those who were told
more finely are not among the many by whom somebody is hidden: else subtraction would find them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Final, NamedTuple, TypeVar

FEWEST: Final = 5
OLDEST: Final = 90
WIDE: Final = (18, 65)
SEXES: Final = ("female", "male")
Key = TypeVar("Key", bound=Hashable)


class Cell(NamedTuple):
    """A band of ages (``70-74``, ``90+``, ``65+``) and a sex (administrative-gender); '' is not told."""

    age: str = ""
    sex: str = ""


def band(age: int | None) -> str:
    """Five years, from 90 on all; '' for an age that is not known."""
    if age is None:
        return ""
    return f"{OLDEST}+" if age >= OLDEST else f"{age // 5 * 5}-{age // 5 * 5 + 4}"


def wide(age: int | None) -> str:
    """Child, adult, of pensionable age."""
    if age is None:
        return ""
    return "0-17" if age < WIDE[0] else "18-64" if age < WIDE[1] else "65+"


def cells(people: Mapping[Key, tuple[int | None, str]]) -> dict[Key, Cell]:
    """What is told of each person, from age in years and sex; whoever is left out is among too few whatever is told."""
    told: dict[Key, Cell] = {}
    left = {key: (age, sex if sex in SEXES else "") for key, (age, sex) in people.items()}
    for level in range(4):
        of = {key: _cell(level, age, sex) for key, (age, sex) in left.items()}
        many = {cell for cell, number in Counter(of.values()).items() if number >= FEWEST}
        told |= {key: cell for key, cell in of.items() if cell in many}
        left = {key: left[key] for key, cell in of.items() if cell not in many}
    return told


def _cell(level: int, age: int | None, sex: str) -> Cell:
    return (Cell(band(age), sex), Cell(wide(age), sex), Cell(wide(age)), Cell())[level]
