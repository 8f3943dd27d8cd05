"""What changed between two versions of tables, row by row."""

from __future__ import annotations

from interop.mapping.changes import RowChange, changes

BEFORE = "row,from,to\nN1,PID-5,name\nN2,PID-8,gender\n"


def test_the_same_tables_have_no_changes() -> None:
    assert list(changes({"a.csv": BEFORE}, {"a.csv": BEFORE})) == []


def test_a_row_that_says_something_else_is_told_cell_by_cell() -> None:
    after = BEFORE.replace("PID-8", "PID-8.1")
    assert list(changes({"a.csv": BEFORE}, {"a.csv": after})) == [
        RowChange("a.csv", "N2", "changed", (("from", "PID-8", "PID-8.1"),))
    ]


def test_rows_that_are_new_or_gone_are_told_with_what_they_say() -> None:
    after = "row,from,to\nN1,PID-5,name\nN3,PID-7,birthDate\n"
    assert list(changes({"a.csv": BEFORE}, {"a.csv": after})) == [
        RowChange("a.csv", "N3", "added", (("row", "", "N3"), ("from", "", "PID-7"), ("to", "", "birthDate"))),
        RowChange("a.csv", "N2", "removed", (("row", "N2", ""), ("from", "PID-8", ""), ("to", "gender", ""))),
    ]


def test_a_whole_file_may_be_new_or_gone() -> None:
    assert {each.kind for each in changes({}, {"a.csv": BEFORE})} == {"added"}
    assert {each.kind for each in changes({"a.csv": BEFORE}, {})} == {"removed"}


def test_rows_whose_first_cells_are_alike_are_told_apart() -> None:
    before = "map,code,to\nsex,M,male\nsex,F,female\nsex,F,female\n"
    after = before.replace("sex,F,female\n", "sex,F,other\n", 1)
    assert [(each.row, each.cells) for each in changes({"a.csv": before}, {"a.csv": after})] == [
        ("sex F", (("to", "female", "other"),))
    ]


def test_a_row_that_stands_elsewhere_has_not_changed() -> None:
    after = "row,from,to\nN2,PID-8,gender\nN1,PID-5,name\n"
    assert list(changes({"a.csv": BEFORE}, {"a.csv": after})) == []


def test_a_column_more_is_a_cell_more() -> None:
    after = "row,from,to,why\nN1,PID-5,name,\nN2,PID-8,gender,as sent\n"
    assert list(changes({"a.csv": BEFORE}, {"a.csv": after})) == [RowChange("a.csv", "N2", "changed", (("why", "", "as sent"),))]
