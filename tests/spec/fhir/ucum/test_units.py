"""UCUM: units are read, and values brought to base units."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.fhir.ucum import canonical, comparable, valid
from interop.fhir.ucum.convert import _table


def alike(one: str, unit: str, other: str, other_unit: str) -> bool:
    """Whether two quantities are the same to 25 digits."""
    here, there = canonical(Decimal(one), unit), canonical(Decimal(other), other_unit)
    assert here is not None
    assert there is not None
    return here[1] == there[1] and abs(here[0] - there[0]) <= abs(here[0]) * Decimal("1e-25")


@pytest.mark.parametrize(
    ("one", "unit", "other", "other_unit"),
    [
        ("4", "g", "4000", "mg"),
        ("1", "kg/m2", "0.1", "g/cm2"),
        ("1", "/min", "60", "/h"),
        ("5", "10*9/L", "5", "10*3/uL"),
        ("5", "10*9/L", "5000", "10^6/l"),
        ("37", "Cel", "98.6", "[degF]"),
        ("0", "Cel", "273.15", "K"),
        ("1", "wk", "168", "h"),
        ("1", "mmol/L", "1000", "umol/L"),
        ("120", "mm[Hg]", "12", "cm[Hg]"),
        ("1", "[lb_av]", "0.45359237", "kg"),
        ("1", "mL/min/{1.73_m2}", "1", "mL/min"),
        ("90", "mL/min", "90", "(mL)/(min)"),
        ("50", "%", "0.5", "1"),
        ("1", "J", "1", "kg.m2.s-2"),
        ("2", "u[iU]/mL", "2", "m[iU]/L"),
    ],
)
def test_units_of_one_kind_convert(one: str, unit: str, other: str, other_unit: str) -> None:
    assert alike(one, unit, other, other_unit)


@pytest.mark.parametrize(("one", "other"), [("g", "mL"), ("[iU]/L", "mol/L"), ("Cel", "s"), ("[pH]", "1"), ("dB", "%")])
def test_units_of_different_kinds_do_not(one: str, other: str) -> None:
    assert not comparable(one, other)


@pytest.mark.parametrize(
    "unit", ["", "mcg", "grams", "MG/", "mg//L", "m g", "(mg", "mg)", "[s]", "k", "cmm", "m+", "Cel.m", "10*+400"]
)
def test_what_is_no_unit_is_none(unit: str) -> None:
    assert not valid(unit)
    assert canonical(Decimal(1), unit) is None


def test_codes_are_case_sensitive() -> None:
    assert valid("kg")
    assert not valid("KG")
    assert canonical(Decimal(1), "m") != canonical(Decimal(1), "M")


@pytest.mark.parametrize("unit", ["{3 times}/d", "U/(10.g){feces}", "{score}", "mg{total}", "/{entity}"])
def test_annotations_mean_nothing(unit: str) -> None:
    """R4's common units have blanks in them, and annotations after a bracket."""
    assert valid(unit)


def test_every_unit_of_the_table_is_read() -> None:
    assert [code for code in _table() if not valid(code)] == []


@given(st.text(alphabet="mgskLl%10*^./(){}[]-+2Hiu'", max_size=40))
def test_any_text_is_a_unit_or_none(unit: str) -> None:
    found = canonical(Decimal("1.5"), unit)
    assert found is None or valid(found[1])
