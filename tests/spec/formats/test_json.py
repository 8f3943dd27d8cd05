"""JSON as it may come in (RFC 8259), with numbers that keep their precision (FHIR R4, datatypes: decimal)."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.errors import Problem
from interop.formats.json import Number, load_json, read_json, write_json


def refusal(body: bytes, **limits: int) -> Problem:
    with pytest.raises(Problem) as caught:
        read_json(body, **limits)
    return caught.value


def test_objects_are_nodes_arrays_are_repeated_kids_and_primitives_are_values() -> None:
    root = read_json(b'{"resourceType": "Patient", "active": true, "name": [{"given": ["Meg", "Ann"]}, {"family": "Fenwick"}]}')
    assert root.name == ""
    assert root.text("resourceType") == "Patient"
    assert root.text("active") == "true"
    assert [node.value for node in root.kids["name"][0].kids["given"]] == ["Meg", "Ann"]
    assert root.kids["name"][1].text("family") == "Fenwick"
    assert root.kids["name"][0].raw == {"given": ["Meg", "Ann"]}


def test_null_holds_its_place_without_a_value_and_an_empty_array_has_no_kids() -> None:
    root = read_json(b'{"given": [null, "Ann"], "period": null, "line": []}')
    assert [node.value for node in root.kids["given"]] == [None, "Ann"]
    assert root.text("period") is None
    assert "line" not in root.kids


def test_an_array_at_the_root_or_in_an_array_has_items() -> None:
    assert [node.value for node in read_json(b'["a", "b"]').kids["item"]] == ["a", "b"]
    assert read_json(b'{"m": [[1, 2], [3]]}').kids["m"][1].text("item") == "3"
    assert read_json(b'"text"').value == "text"


@pytest.mark.parametrize(
    "literal", ["72.50", "0", "-0", "-7", "1e2", "1E-2", "0.0", "123456789012345678901234567890", "1.00000000000000000001"]
)
def test_numbers_keep_their_literal_text_in_and_out(literal: str) -> None:
    body = b'{"value":' + literal.encode() + b"}"
    root = read_json(body)
    assert root.text("value") == literal
    assert write_json(root.raw) == body


def test_ordinary_integers_are_integers() -> None:
    assert type(load_json(b"42")) is int
    assert load_json(b"[1.5]") == [Decimal("1.5")]


def test_a_number_survives_copies_and_processes() -> None:
    number = Number("72.50")
    for twin in (pickle.loads(pickle.dumps(number)), copy.deepcopy(number), copy.copy(number)):
        assert (str(twin), twin) == ("72.50", Decimal("72.5"))
        assert write_json(twin) == b"72.50"


def test_decimals_are_written_and_what_is_no_json_is_not() -> None:
    assert write_json({"a": Decimal("0.10"), "b": [1, 1.5, None, "é"]}) == '{"a":0.10,"b":[1,1.5,null,"é"]}'.encode()
    for value in (Decimal("NaN"), Decimal("Infinity"), object()):
        with pytest.raises(TypeError):
            write_json([value])


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'a': 1}", b'{"a": 01}', b'{"a": 1,}', b"[1] 2", b'"\x01"', b'{"a" 1}', b"1.", b"+1", b"truth"]
)
def test_broken_json_is_unreadable(body: bytes) -> None:
    assert refusal(body).reason.name == "unreadable"


def test_the_refusal_tells_line_and_column_and_nothing_of_the_content() -> None:
    problem = refusal(b'{\n"name": Margaret}')
    assert problem.detail == "line 2, column 9"


def test_a_name_twice_in_an_object_is_unreadable() -> None:
    assert refusal(b'{"a": {"id": 1, "id": 2}}').reason.name == "unreadable"
    assert refusal(b'{"id": 1, "\\u0069d": 2}').reason.name == "unreadable"


@pytest.mark.parametrize(
    "body", [b"NaN", b"[Infinity]", b'{"a": -Infinity}', b"1e999999999", b"1e9999999999999999999", b"1e308", b"1e-308", b"9" * 5000]
)
def test_what_is_no_finite_number_is_unreadable(body: bytes) -> None:
    assert refusal(body).reason.name == "unreadable"


def test_half_a_surrogate_pair_is_unreadable_and_a_whole_one_is_a_character() -> None:
    assert refusal(b'{"a": "\\ud83d"}').reason.name == "unreadable"
    assert refusal(b'{"\\uDE00": 1}').reason.name == "unreadable"
    assert read_json(b'{"a": "\\ud83d\\ude00"}').text("a") == "😀"


def test_a_byte_order_mark_is_allowed_and_other_encodings_are_not() -> None:
    assert read_json(b'\xef\xbb\xbf{"a": 1}').text("a") == "1"
    assert refusal('{"a": "Zoë"}'.encode("latin-1")).reason.name == "character-set"


def test_depth_is_bounded() -> None:
    assert read_json(b"[" * 200 + b"]" * 200).name == ""
    assert refusal(b"[" * 201 + b"]" * 201).reason.name == "too-deep"
    assert refusal(b'{"a":' * 100_000 + b"1" + b"}" * 100_000).reason.name == "too-deep"
    assert refusal(b"[[1]]", depth=1).reason.name == "too-deep"
    assert read_json(b"[1]", depth=1).text("item") == "1"


def test_size_is_bounded() -> None:
    assert refusal(b'"' + b"x" * 100 + b'"', size=50).reason.name == "too-large"


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_orjson_writes_is_read_as_orjson_reads_it(value: Any) -> None:
    body = orjson.dumps(value)
    assert load_json(body) == orjson.loads(body)
    assert write_json(read_json(body).raw) == body


@given(st.binary() | st.text(alphabet='{}[]",:0123456789.eE+-\\ud83ntrufals ').map(str.encode))
def test_no_bytes_raise_anything_but_a_problem(body: bytes) -> None:
    try:
        root = read_json(body)
    except Problem:
        return
    assert load_json(write_json(root.raw)) == root.raw
