"""Separated values as GP systems extract them (RFC 4180 and its variants)."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.errors import Problem
from interop.formats.csv import Row, read_csv, read_rows


def test_the_header_line_names_the_columns() -> None:
    root = read_csv(b'\xef\xbb\xbfPatientGuid,Surname , Note\r\n{A1},Fenwick,"one, ""two"""\r\n{B2},,\r\n')
    rows = root.kids["row"]
    assert [row.text("PatientGuid") for row in rows] == ["{A1}", "{B2}"]
    assert rows[0].text("Surname") == "Fenwick"
    assert rows[0].text("Note") == 'one, "two"'
    assert rows[0].up is root


def test_an_empty_cell_is_absent() -> None:
    row = read_csv(b"a,b\n1, \n").kids["row"][0]
    assert list(row.kids) == ["a"]
    assert row.raw == ["1", " "]


def test_without_a_header_the_order_of_the_columns_is_the_contract() -> None:
    root = read_csv(b"7|Zo\xeb\n", header=False, columns=["case", "name"], encoding="cp1252", separator="|")
    assert root.kids["row"][0].text("name") == "Zoë"
    assert read_csv(b"7,8\n", header=False).kids["row"][0].text("2") == "8"


def test_agreed_columns_take_the_place_of_the_header_line() -> None:
    rows = read_csv(b"x,y\n1,2\n", columns=["a", "b"]).kids["row"]
    assert [row.text("b") for row in rows] == ["2"]


def test_a_cell_may_hold_lines() -> None:
    assert read_csv(b'a,b\n1,"two\nlines"\n').kids["row"][0].text("b") == "two\nlines"


def test_blank_lines_are_left_out_and_a_file_of_nothing_has_no_rows() -> None:
    assert len(read_csv(b"a\r\n\r\n1\r\n\r\n").kids["row"]) == 1
    assert read_csv(b"").kids == read_csv(b"a,b\r\n").kids == {}


@pytest.mark.parametrize("body", [b"a,b\n1\n", b"a,b\n1,2,3\n"])
def test_a_row_with_other_than_the_columns_is_unreadable(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        read_csv(body)
    assert (caught.value.reason.name, caught.value.where) == ("unreadable", "line 2")


@pytest.mark.parametrize("body", [b'a\n"open\n', b'a\n"x"y\n'])
def test_quotes_that_do_not_close_are_unreadable(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        read_csv(body)
    assert caught.value.reason.name == "unreadable"


def test_bytes_of_another_encoding_are_refused() -> None:
    with pytest.raises(Problem) as caught:
        read_csv(b"a\nZo\xeb\n")
    assert caught.value.reason.name == "character-set"


def test_a_cell_of_extravagant_length_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        read_csv(b"a\n" + b"x" * 200_000)
    assert caught.value.reason.name == "too-large"


def test_rows_come_one_by_one_without_reading_the_whole_file() -> None:
    stream = io.BytesIO(b"a\n" + b"1\n" * 100_000)
    rows = read_rows(stream)
    assert next(rows).text("a") == "1"
    assert stream.tell() < 100_000
    assert sum(1 for _ in rows) == 99_999


@given(st.binary())
def test_no_bytes_raise_anything_but_a_problem(body: bytes) -> None:
    with suppress(Problem):
        read_csv(body, header=False)


def test_nodes_of_a_row_are_made_when_they_are_asked_for() -> None:
    """Until then its texts alone are there; what was read of them is marked on the nodes."""
    root = read_csv(b"id,name\n1, Ann \n")
    row = root.kids["row"][0]
    assert isinstance(row, Row)
    assert row.nodes is None
    assert row.cells["name"] == "Ann"
    row.seen.add("name")
    assert [(node.value, node.read, node.raw) for node in row.kids["name"]] == [("Ann", True, " Ann ")]
    assert [(node.value, node.read) for node in row.kids["id"]] == [("1", False)]


def test_columns_of_one_name_are_all_there() -> None:
    row = read_csv(b"id,name,id\n1,Ann,2\n").kids["row"][0]
    assert [node.value for node in row.kids["id"]] == ["1", "2"]
    assert isinstance(row, Row)
    assert row.nodes is not None
