"""Separators and their escapes in search values (FHIR R4 search, 3.1.1.4.1), and sealed cursors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.api.seal import Seal
from interop.api.searching.escapes import plain, split
from interop.errors import Problem

TEXT = st.text(st.sampled_from("a,|$\\é"), max_size=6)


def escaped(text: str) -> str:
    return "".join("\\" + each if each in "\\,|$" else each for each in text)


@given(st.lists(TEXT, min_size=1, max_size=4), st.sampled_from(",|"))
def test_escaped_parts_come_back(parts: list[str], separator: str) -> None:
    assert [plain(part) for part in split(separator.join(map(escaped, parts)), separator)] == parts


@given(TEXT)
def test_any_value_can_be_split(value: str) -> None:
    assert ",".join(split(value, ",")) == value


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20), st.lists, max_leaves=9))
def test_a_sealed_value_comes_back_and_says_nothing(value: object) -> None:
    seal = Seal(b"a secret of this test")
    text = seal.seal("/here", value)
    assert seal.open("/here", text) == value
    assert text == seal.seal("/here", value)
    assert text != Seal(b"another secret, as it is").seal("/here", value)


def test_values_that_differ_in_one_letter_look_wholly_different() -> None:
    seal = Seal(b"a secret of this test")
    one, other = seal.seal("/here", "9990000018"), seal.seal("/here", "9990000026")
    assert sum(a == b for a, b in zip(one, other, strict=False)) < len(one) // 3


@pytest.mark.parametrize("address", ["/there", "", "/here/"])
def test_what_is_sealed_for_one_address_opens_at_no_other(address: str) -> None:
    seal = Seal(b"a secret of this test")
    with pytest.raises(Problem) as refused:
        seal.open(address, seal.seal("/here", 1))
    assert (refused.value.reason.name, refused.value.where) == ("bad-parameter", "_cursor")
