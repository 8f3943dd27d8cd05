"""Age and sex are told no finer than at least five people of the practice share."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.population.cells import FEWEST, Cell, band, cells, wide

AGES = st.one_of(st.none(), st.integers(0, 120))
PEOPLE = st.dictionaries(st.integers(0, 500), st.tuples(AGES, st.sampled_from(["female", "male", "other", ""])), max_size=60)


@given(PEOPLE)
def test_whatever_is_told_is_told_of_five_at_least(people: dict[int, tuple[int | None, str]]) -> None:
    told = cells(people)
    assert all(number >= FEWEST for number in Counter(told.values()).values())
    assert told.keys() <= people.keys()
    assert len(people) - len(told) < FEWEST


@given(PEOPLE)
def test_what_is_told_is_so(people: dict[int, tuple[int | None, str]]) -> None:
    for key, cell in cells(people).items():
        age, sex = people[key]
        assert cell.age in ("", band(age), wide(age))
        assert cell.sex in ("", sex)


@pytest.mark.parametrize(
    ("age", "said", "coarser"),
    [(0, "0-4", "0-17"), (4, "0-4", "0-17"), (5, "5-9", "0-17"), (17, "15-19", "0-17"), (18, "15-19", "18-64"),
     (64, "60-64", "18-64"), (65, "65-69", "65+"), (89, "85-89", "65+"), (90, "90+", "65+"), (117, "90+", "65+"), (None, "", "")],
)  # fmt: skip
def test_bands(age: int | None, said: str, coarser: str) -> None:
    assert (band(age), wide(age)) == (said, coarser)


def test_few_are_told_more_coarsely_beside_no_more_than_their_like() -> None:
    """Two women of 91 are told with three of 68, all of whom are few; the seven men of 72 are many and hide nobody."""
    men: dict[str, tuple[int | None, str]] = {f"m{place}": (72, "male") for place in range(7)}
    women: dict[str, tuple[int | None, str]] = {
        "a": (91, "female"),
        "b": (91, "female"),
        "c": (68, "female"),
        "d": (68, "female"),
        "e": (68, "female"),
    }
    told = cells(men | women)
    assert {told[name] for name in men} == {Cell("70-74", "male")}
    assert {told[name] for name in women} == {Cell("65+", "female")}
    del women["e"]
    assert cells(men | women).keys() == men.keys()


def test_a_sex_that_few_have_is_not_told() -> None:
    people: dict[str, tuple[int | None, str]] = {f"p{place}": (70, "other") for place in range(5)}
    assert set(cells(people).values()) == {Cell("70-74", "")}
