"""Whatever is told of a person is told, all of it together, of at least five."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.population.cells import FEWEST, SEXES, Cell, Known, band, cells, some, strata, wide
from interop.population.facts import BANDS, Facts, Risk

AGES = st.one_of(st.none(), st.integers(0, 120), st.sampled_from([70, 71, 72]))
FACTS = st.builds(Facts, st.integers(0, 8), st.integers(0, 8), st.booleans())
SIMPLE = st.builds(Facts, st.integers(0, 1), st.just(0), st.booleans())
KNOWN = st.builds(Known, AGES, st.sampled_from(["female", "male", "other", ""]), st.one_of(FACTS, SIMPLE))
PEOPLE = st.dictionaries(st.integers(0, 500), KNOWN, max_size=60)
RISKS = st.one_of(
    st.builds(Risk, st.floats(0, 1).map(lambda each: round(each, 2)), st.sampled_from(["", *BANDS])),
    st.builds(Risk, st.none(), st.sampled_from(BANDS)),
)


@given(PEOPLE)
def test_whatever_is_told_is_told_of_five_at_least(people: dict[int, Known]) -> None:
    told = cells(people)
    assert all(number >= FEWEST for number in Counter(told.values()).values())
    assert told.keys() == (people.keys() if len(people) >= FEWEST else set())


@given(PEOPLE)
def test_what_is_told_is_so(people: dict[int, Known]) -> None:
    for key, cell in cells(people).items():
        one = people[key]
        assert cell.age in (None, band(one.age), wide(one.age))
        assert cell.sex in (None, one.sex if one.sex in SEXES else "")
        assert cell.conditions in (None, some(one.facts.conditions))
        assert cell.attendances in (None, some(one.facts.attendances))
        assert cell.plan in (None, one.facts.plan)
        assert cell.withheld == tuple(name for name in cell._fields if getattr(cell, name) is None)


@given(st.dictionaries(st.integers(0, 500), RISKS, max_size=60))
def test_a_risk_is_that_of_five_at_least_and_the_greater_stands_first(risks: dict[int, Risk]) -> None:
    made = strata(risks)
    assert sorted(key for _, keys in made for key in keys) == (sorted(risks) if len(risks) >= FEWEST else [])
    assert all(len(keys) >= FEWEST for _, keys in made)
    for least, keys in made:
        if least.score is not None:
            assert all((risks[key].score or 0) >= least.score for key in keys)
            assert least.band == ""
        elif least.band:
            assert all(risks[key].score is None and risks[key].place >= least.place for key in keys)
    for (_, before), (_, after) in pairwise(made):
        worst, best = min(risks[key].place[0] for key in before), max(risks[key].place[0] for key in after)
        assert worst >= best


@given(PEOPLE)
def test_ten_who_are_alike_are_told_all(people: dict[int, Known]) -> None:
    alike = {-1 - place: Known(72, "male", Facts(3, 2, True)) for place in range(10)}
    told = cells(people | alike)
    said = Cell("70-74", "male", "3-5", "1-2", True)
    assert {told[key] for key in alike} == {said} or len(set(told.values())) == 1


@pytest.mark.parametrize(("number", "said"), [(0, "0"), (1, "1-2"), (2, "1-2"), (3, "3-5"), (5, "3-5"), (6, "6+"), (40, "6+")])
def test_numbers_are_told_in_bands(number: int, said: str) -> None:
    assert some(number) == said


@pytest.mark.parametrize(
    ("age", "said", "coarser"),
    [(0, "0-4", "0-17"), (4, "0-4", "0-17"), (5, "5-9", "0-17"), (17, "15-19", "0-17"), (18, "15-19", "18-64"),
     (64, "60-64", "18-64"), (65, "65-69", "65+"), (89, "85-89", "65+"), (90, "90+", "65+"), (117, "90+", "65+"), (None, "", "")],
)  # fmt: skip
def test_bands(age: int | None, said: str, coarser: str) -> None:
    assert (band(age), wide(age)) == (said, coarser)


def test_few_are_told_more_coarsely_beside_no_more_than_their_like() -> None:
    """Two women of 91 are told with three of 68, all of whom are few; the seven men of 72 are many and hide nobody."""
    men = {f"m{place}": Known(72, "male") for place in range(7)}
    women = {name: Known(age, "female") for name, age in (("a", 91), ("b", 91), ("c", 68), ("d", 68), ("e", 68))}
    told = cells(men | women)
    assert {told[name] for name in men} == {Cell("70-74", "male", "0", "0", False)}
    assert {told[name] for name in women} == {Cell("65+", "female", "0", "0", False)}


def test_the_last_few_are_told_with_the_fewest_of_the_others() -> None:
    """One who is unlike all would be known by what is withheld of them alone."""
    many = {f"m{place}": Known(72, "male") for place in range(7)}
    told = cells(many | {"one": Known(40, "male", Facts(1, 7, True))})
    assert set(told.values()) == {Cell()}
    assert set(cells(many | {"one": Known(75, "male", Facts(1, 7, True))}).values()) == {Cell("65+", "male")}


def test_a_sex_that_few_have_is_not_told() -> None:
    people = {f"p{place}": Known(70, "other") for place in range(5)}
    assert {cell.sex for cell in cells(people).values()} == {""}


def test_neighbours_of_few_are_joined() -> None:
    scores = {place: Risk(score) for place, score in enumerate((0.95, 0.71, 0.7, 0.55, 0.5, 0.31, 0.3, 0.3, 0.3, 0.3, 0.1))}
    assert strata(scores) == [(Risk(0.5), [0, 1, 2, 3, 4]), (Risk(0.1), [5, 6, 7, 8, 9, 10])]
