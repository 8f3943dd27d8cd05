"""Results as people see them: a table that fits a terminal, the same table plain in a pipe, colours where they are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interop.cli.main import app
from interop.cli.shown import Colours, Moment, moment, several, table, wrong
from tests.spec.terminal.screens import terminal, unstyled

NOW = "2026-11-23T15:00:00.000Z"
COLUMNS = ("message", "received", "feed", "control id", "state", "where", "lost")
ROWS = [
    (number, moment(f"2026-11-2{number}T09:10:11.000Z", NOW), "hl7v2", f"MSG{number:017}", state, "", 3)
    for number, state in ((1, "applied"), (2, "shelved"))
]


def drawn(
    monkeypatch: pytest.MonkeyPatch, width: int, rows: Sequence[tuple[object, ...]], columns: tuple[str, ...] = COLUMNS
) -> str:
    """The table on a terminal so wide."""
    monkeypatch.setenv("COLUMNS", str(width))
    with terminal(monkeypatch, "stdout") as screen:
        table(columns, rows)
        return screen.text.replace("\r\n", "\n")


def test_in_a_pipe_each_row_is_one_plain_line_under_headings(capsys: pytest.CaptureFixture[str]) -> None:
    """A column that nothing is in is left out; numbers stand to the right."""
    table(COLUMNS, ROWS, notes=["2: It cannot be read."])
    assert capsys.readouterr().out.splitlines() == [
        "message  received          feed   control id            state    lost",
        "      1  2026-11-21 09:10  hl7v2  MSG00000000000000001  applied     3",
        "      2  2026-11-22 09:10  hl7v2  MSG00000000000000002  shelved     3",
        "2: It cannot be read.",
    ]


def test_in_a_pipe_a_row_is_as_long_as_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    table(("a", "b"), [("x" * 100, "y" * 100)])
    assert max(map(len, capsys.readouterr().out.splitlines())) == 202


@pytest.mark.parametrize("width", [200, 80, 60])
def test_on_a_terminal_no_line_is_wider_than_it_and_names_are_folded_before_times(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = unstyled(drawn(monkeypatch, width, ROWS)).splitlines()
    assert max(map(len, lines)) <= width
    assert all("2026-11-21 09:10" in line for line in lines if line.lstrip().startswith("1 "))
    whole = "".join(line.strip() for line in lines)
    assert ("MSG00000000000000001" in whole) == (width != 60)


def test_a_terminal_that_is_too_narrow_for_a_table_gets_a_block_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    said = unstyled(drawn(monkeypatch, 38, ROWS))
    assert [line.rstrip() for line in said.split("\n\n")[0].splitlines()] == [
        "message     1",
        "received    2026-11-21 09:10",
        "feed        hl7v2",
        "control id  MSG00000000000000001",
        "state       applied",
        "lost        3",
    ]


def test_how_things_stand_has_a_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    said = drawn(monkeypatch, 100, ROWS)
    assert "\x1b[32mapplied" in said
    assert "\x1b[31mshelved" in said


@pytest.mark.parametrize("how", ["NO_COLOR", "--no-color"])
def test_colours_can_be_done_without(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Colours, "allowed", how == "NO_COLOR")
    monkeypatch.setenv("COLUMNS", "100")
    with terminal(monkeypatch, "stdout") as screen:
        monkeypatch.setenv("NO_COLOR", "1" if how == "NO_COLOR" else "")
        table(COLUMNS, ROWS)
        said = screen.text
    assert "applied" in said
    assert "\x1b[3" not in said


def test_no_color_may_stand_anywhere_and_holds_for_one_call(tmp_path: Path) -> None:
    where = ["--data", str(tmp_path)]
    for line in (["--no-color", "client", *where], ["client", "--no-color", *where], ["client", *where, "--no-color"]):
        assert CliRunner().invoke(app, line).exit_code == 0
        assert not Colours.allowed
    assert CliRunner().invoke(app, ["client", *where]).exit_code == 0
    assert Colours.allowed


def test_a_dumb_terminal_gets_what_a_pipe_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch, "stdout") as screen:
        monkeypatch.setenv("TERM", "dumb")
        table(COLUMNS, ROWS)
        assert "\x1b" not in screen.text


def test_of_today_a_time_shows_the_second_else_day_and_minute() -> None:
    assert [moment(said, NOW) for said in ("2026-11-23T09:10:11.123Z", "2026-11-22T09:10:11.123Z", "never", "")] == [
        "09:10:11",
        "2026-11-22 09:10",
        "never",
        "",
    ]
    assert isinstance(moment("2026-11-23T09:10:11.123Z", NOW), Moment)


def test_where_there_is_nothing_standard_output_is_empty_and_a_sentence_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    several([], ("a",), as_json=False, nothing="There is none: make one.")
    assert capsys.readouterr() == ("", "There is none: make one.\n")
    several([], ("a",), as_json=True, nothing="There is none: make one.")
    assert capsys.readouterr() == ("", "")


def test_an_error_moves_no_cursor_and_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert wrong("one\x1b[2J\ntwo", 1) == 1
    assert capsys.readouterr().err == "one?[2J\ntwo\n"
