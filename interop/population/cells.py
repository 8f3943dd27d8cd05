"""What is told of people, no finer than that at least ``FEWEST`` share all of it together.

People are taken together by risk first, in tenths, of which neighbours are joined until each has enough: the order of a list tells
no more than that. Within such a stratum what is shared by fewer is told more coarsely, step by step of ``LADDER``. Those who were
told more finely are not among the many by whom somebody is hidden: else subtraction would find them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

from interop.population.facts import BANDS, Facts, Risk

FEWEST: Final = 5
OLDEST: Final = 90
WIDE: Final = (18, 65)
SEXES: Final = ("female", "male")
FINE: Final = "fine"
COARSE: Final = "coarse"
COUNTS: Final = ((0, 0), (1, 2), (3, 5))
Key = TypeVar("Key", bound=Hashable)


class Known(NamedTuple):
    """What is known of a person; age in years."""

    age: int | None
    sex: str
    facts: Facts = Facts()


class Cell(NamedTuple):
    """What is told: a band of ages (``70-74``, ``90+``, ``65+``), a sex (administrative-gender), two numbers in bands, whether
    there is a plan. None is withheld; '' is not known."""

    age: str | None = None
    sex: str | None = None
    conditions: str | None = None
    attendances: str | None = None
    plan: bool | None = None

    @property
    def withheld(self) -> tuple[str, ...]:
        """The names of what too few share."""
        return tuple(name for name, value in zip(self._fields, self, strict=True) if value is None)


LADDER: Final = (
    (FINE, ("sex", "conditions", "attendances", "plan")),
    (COARSE, ("sex", "conditions", "attendances", "plan")),
    (COARSE, ("conditions", "attendances", "plan")),
    (COARSE, ("conditions", "plan")),
    (COARSE, ("conditions",)),
    (COARSE, ("sex",)),
    (COARSE, ()),
    ("", ("conditions",)),
    ("", ()),
)
"""From the finest: how the age is told, and what beside it. What the team can act on stays longer than the sex."""


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


def some(number: int) -> str:
    """A number in bands: 0, 1-2, 3-5, 6+."""
    return next((f"{least}-{most}" if most else "0" for least, most in COUNTS if number <= most), f"{COUNTS[-1][1] + 1}+")


def strata(risks: Mapping[Key, Risk]) -> list[tuple[Risk, list[Key]]]:
    """People by risk, the greatest first, ``FEWEST`` at least together: the least that is true of all of a stratum, and who is in
    it, in no order. A stratum of scores and of bands tells neither. Empty where there are fewer than ``FEWEST`` in all."""
    of: dict[Risk, list[Key]] = {}
    for key, risk in risks.items():
        of.setdefault(_tenth(risk), []).append(key)
    made: list[tuple[list[Risk], list[Key]]] = []
    steps, keys = list[Risk](), list[Key]()
    for step in sorted(of, key=lambda each: each.place, reverse=True):
        steps, keys = [*steps, step], [*keys, *of[step]]
        if len(keys) >= FEWEST:
            made.append((steps, keys))
            steps, keys = [], []
    if keys and made:
        made[-1] = [*made[-1][0], *steps], [*made[-1][1], *keys]
    return [(_least(steps), keys) for steps, keys in made]


def _tenth(risk: Risk) -> Risk:
    return risk if risk.score is None else Risk(round(risk.score * 100) // 10 / 10)


def _least(steps: Iterable[Risk]) -> Risk:
    scores, bands = [each.score for each in steps if each.score is not None], [each.band for each in steps if each.score is None]
    if scores and bands:
        return Risk()
    return Risk(min(scores)) if scores else Risk(None, min(bands, key=BANDS.index))


def cells(people: Mapping[Key, Known]) -> dict[Key, Cell]:
    """What is told of each of a stratum; of fewer than ``FEWEST`` nothing."""
    told: dict[Key, Cell] = {}
    left = dict(people) if len(people) >= FEWEST else {}
    for age, names in LADDER:
        of = {key: _cell(age, names, one) for key, one in left.items()}
        many = {cell for cell, number in Counter(of.values()).items() if number >= FEWEST}
        told |= {key: cell for key, cell in of.items() if cell in many}
        left = {key: left[key] for key, cell in of.items() if cell not in many}
    if left:  # the fewest who are told something together hide them, and are told what is true of all of these
        fewest = Counter(told.values()).most_common()[-1][0]
        joined = {key: people[key] for key, cell in told.items() if cell == fewest} | left
        steps = ({key: _cell(age, names, one) for key, one in joined.items()} for age, names in LADDER)
        told |= next(of for of in steps if len(set(of.values())) == 1)
    return told


def _cell(age: str, names: tuple[str, ...], one: Known) -> Cell:
    years = {FINE: band, COARSE: wide}.get(age)
    return Cell(
        years(one.age) if years else None,
        (one.sex if one.sex in SEXES else "") if "sex" in names else None,
        some(one.facts.conditions) if "conditions" in names else None,
        some(one.facts.attendances) if "attendances" in names else None,
        one.facts.plan if "plan" in names else None,
    )
